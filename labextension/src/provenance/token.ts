/** What the other plugins ask about who wrote a cell. */

import { ICellModel } from '@jupyterlab/cells';
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { IAuthorship } from './classify';
import { IRun } from './ledger';

export interface IProvenance {
  /** Who wrote the cell, as far as this page saw. */
  authorship(cell: ICellModel): IAuthorship;
  /** How the characters of a cell's text arrived; nothing where that is not known. */
  runs(sharedModel: object): readonly IRun[];
  /** Emitted when a cell's text, and so perhaps its author, changed. */
  readonly changed: ISignal<IProvenance, ICellModel>;
}

export const IProvenance = new Token<IProvenance>(
  'jupyter-guard:IProvenance',
  'Who wrote which characters of the cells of open notebooks.'
);
