/** What the panel's parts need besides the state: words and ways to act. */

import { TranslationBundle } from '@jupyterlab/translation';

import { Choice } from '../protocol';

export interface ICellInfo {
  readonly id: string;
  /** The first line that is not empty, for recognising the cell. */
  readonly excerpt: string;
}

export interface IPanelContext {
  readonly trans: TranslationBundle;
  readonly cells: readonly ICellInfo[];
  /** Show a cell, and the given line of it; nothing happens when the notebook no longer has it. */
  jump(cellId: string, line?: number): void;
  answer(id: string, choice: Choice, event: Event): void;
  /** The guarded kernel to offer, or `null`. */
  readonly twin: { readonly name: string; readonly title: string } | null;
  switchKernel(name: string): void;
}

/** "Cell 3", by its place in the notebook. */
export function cellName(cellId: string, context: IPanelContext): string {
  const index = context.cells.findIndex(cell => cell.id === cellId);
  return index < 0 ? context.trans.__('A cell that is gone') : context.trans.__('Cell %1', String(index + 1));
}

export function excerptOf(cellId: string, context: IPanelContext): string {
  return context.cells.find(cell => cell.id === cellId)?.excerpt ?? '';
}
