/** What the other plugins ask about cells that nobody has run yet. */

import { ICellModel } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { IReport } from '../protocol';
import { IDraft } from './drafts';

export interface IVetAll {
  readonly done: number;
  readonly total: number;
}

export interface INotebookVetting {
  /** What a cell would do, as far as it was judged, or `null`; its `code` tells whether the cell changed since. */
  draft(cellId: string): IDraft | null;
  /** The reports of all judged cells that are still in the notebook as they were judged. */
  readonly reports: readonly IReport[];
  /** Whether a person asked to see what this cell would do. */
  isWanted(cellId: string): boolean;
  /** Emitted with the cells about which something is known anew. */
  readonly changed: ISignal<INotebookVetting, readonly ICellModel[]>;
  /** How far judging the whole notebook is, or `null` when that is not under way. */
  readonly progress: IVetAll | null;
  vetCell(cellId: string): void;
  /** Judge every cell in the notebook's order as if it ran from the first one; gives whether it came to the end. */
  vetAll(): Promise<boolean>;
}

export interface IVettings {
  of(panel: NotebookPanel): INotebookVetting;
}

export const IVettings = new Token<IVettings>(
  'jupyter-guard:IVettings',
  'What cells that nobody has run yet would do.'
);
