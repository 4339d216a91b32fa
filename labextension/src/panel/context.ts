/** What the panel's parts need besides the state: words, ways to act, and the notebook's cells. */

import { TranslationBundle } from '@jupyterlab/translation';

import { IFix } from '../fix/answer';
import { Choice, IChanges, IFinding, IPending } from '../protocol';
import { Trail } from '../trail/records';
import { IChangedFiles } from '../undo/steps';

/** A rewrite of `code`, or why there is none. */
export interface IAlternative {
  readonly code: string;
  readonly fix?: IFix;
  readonly problem?: string;
}

/** Stays the same object while a notebook is shown, so that parts whose values are the same need not be drawn again. */
export interface IPanelActions {
  readonly trans: TranslationBundle;
  /** Show a cell, and the given line of it; nothing happens when the notebook no longer has it. */
  jump(cellId: string, line?: number): void;
  /** Gives whether the click counted. */
  answer(id: string, choice: Choice, event: Event): boolean;
  switchKernel(name: string): void;
  vetAll(): void;
  /** The policy in the guard's words, or `null` when it cannot be asked. */
  policy(): Promise<string | null>;
  /** The last decisions in this notebook, or `null` when they cannot be asked for. */
  trail(): Promise<Trail | null>;
  readonly files: IChangedFiles;
  /** A safe rewrite of a finding in a cell as it stands, with the cell's text; `null` when it cannot be asked for. */
  alternative(cellId: string, finding: IFinding): Promise<IAlternative | null>;
  /** Put a rewrite into its cell, unless that has changed; gives whether it is there now. */
  apply(cellId: string, alternative: IAlternative): Promise<boolean>;
  /** The text of a cell when it last was allowed to run, and the one that waits; `null` when nothing is known or changed. */
  changes(item: IPending): IChanges | null;
}

export interface ICellInfo {
  /** "Cell 3", by its place in the notebook. */
  readonly name: string;
  /** A line for recognising the cell: the one that is asked for, else the first that is not empty. */
  readonly excerpt: string;
  readonly isGone: boolean;
}

/**
 * The cells of a notebook by their ids; gives what to call a cell that is not, or not any more, in it. Made anew when
 * cells come or go; what stands in them is read when it is asked for, of the few that are drawn.
 */
export class CellIndex {
  constructor(
    cells: Iterable<{ readonly id: string; readonly source: string }>,
    private readonly _trans: TranslationBundle
  ) {
    for (const cell of cells) {
      this._known.set(cell.id, { place: this._known.size, cell });
    }
  }

  /** The cells' ids, each with its place from 0. */
  get places(): ReadonlyMap<string, { readonly place: number }> {
    return this._known;
  }

  /** `line` counts from 1. */
  of(cellId: string, line = 0): ICellInfo {
    const known = this._known.get(cellId);
    if (!known) {
      const name = cellId ? this._trans.__('A cell that is gone') : this._trans.__('Outside the notebook');
      return { name, excerpt: '', isGone: true };
    }
    const lines = known.cell.source.split('\n');
    const excerpt = lines[line - 1]?.trim() || lines.find(text => text.trim() !== '') || '';
    return { name: this._trans.__('Cell %1', String(known.place + 1)), excerpt: excerpt.trim().slice(0, 120), isGone: false };
  }

  private _known = new Map<string, { readonly place: number; readonly cell: { readonly source: string } }>();
}
