/** What the other plugins ask of a notebook's guard. */

import { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { Choice } from '../protocol';
import { IGuardState } from '../store';
import { IFixRequest, Rewrite } from '../fix/answer';
import { Trail } from '../trail/records';
import { IChangedFiles } from '../undo/steps';
import { IDraftRequest, IVetted } from '../vetting/answer';

/** What the front end saw of a cell's writing; becomes a claim with a proof that only this page can give. */
export interface IClaim {
  readonly sha256: string;
  readonly cellId: string;
  readonly author: string;
  readonly shares: Readonly<Record<string, number>>;
  /** A person's key or click, a front-end command, a program on the server; empty for text that does not run yet. */
  readonly startedBy: 'person' | 'command' | 'server' | '';
}

export interface IGuardConnection {
  readonly state: IGuardState;
  /** Emitted after every change of `state`. */
  readonly changed: ISignal<IGuardConnection, void>;
  /** Emitted when a question was answered, here or anywhere else. */
  readonly answered: ISignal<IGuardConnection, { readonly cellId: string; readonly choice: string }>;
  /**
   * Answer a waiting question. `event` must be the browser's own event of the click that is being handled, a person's
   * deliberate press of the panel's button for this answer (`offers`): anything else is ignored, so that no program can
   * answer for the person. Gives whether the answer was sent.
   */
  answer(id: string, choice: Choice, event: Event): boolean;
  /** What a cell would do, or `null` when nobody answers: no guard, one within the kernel, one that went away. */
  vet(draft: IDraftRequest): Promise<IVetted | null>;
  /** The policy in force and which layer set what, in the guard's own words; `null` as for `vet`. */
  policy(): Promise<string | null>;
  /** The last decisions in this notebook, this kernel's and those of kernels before it; `null` as for `vet`. */
  trail(last: number): Promise<Trail | null>;
  /** What cells have changed in the workspace. */
  readonly files: IChangedFiles;
  /** A rewrite of a finding's code that keeps what it is for, or why there is none; `null` as for `vet`. */
  rewrite(request: IFixRequest): Promise<Rewrite | null>;
  /** Whether the guard itself made `after` out of `before`, when it was asked for such a rewrite. */
  hasRewritten(before: string, after: string): boolean;
  /** The cells that the guard knows to be a person's: each the hash of its code, a blank and its id; `null` as for `vet`. */
  humans(): Promise<ReadonlySet<string> | null>;
}

export interface IGuardConnections {
  /** The connection of a notebook, made at the first call and gone with the notebook. */
  of(panel: NotebookPanel): IGuardConnection;
}

export const IGuardConnections = new Token<IGuardConnections>(
  'jupyter-guard:IGuardConnections',
  "The connection between a notebook and its kernel's guard."
);
