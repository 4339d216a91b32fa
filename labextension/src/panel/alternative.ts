/** A finding in a cell of an open notebook -> the guard's safe rewrite, and that rewrite -> the cell. */

import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import { NotebookPanel } from '@jupyterlab/notebook';

import { IGuardConnection } from '../connection/token';
import { fixRequest } from '../fix/answer';
import { codeAbove } from '../fix/above';
import { applyFix } from '../fix/apply';
import { IFinding } from '../protocol';
import { IAlternative } from './context';

export function sourceOf(panel: NotebookPanel, cellId: string): string | undefined {
  const cells = panel.content.model?.cells ?? [];
  return [...cells].find(cell => cell.id === cellId)?.sharedModel.getSource();
}

export async function alternativeIn(
  panel: NotebookPanel,
  connection: IGuardConnection,
  cellId: string,
  finding: IFinding
): Promise<IAlternative | null> {
  const code = sourceOf(panel, cellId);
  const found = code === undefined ? null : await connection.rewrite(fixRequest(code, codeAbove(panel, cellId), finding));
  return found && code !== undefined ? { ...found, code } : null;
}

/** By the cell's editor, so that it can be undone there; a cell outside the window is scrolled to first. */
export async function putInto(panel: NotebookPanel, cellId: string, alternative: IAlternative): Promise<boolean> {
  const index = panel.content.widgets.findIndex(cell => cell.model.id === cellId);
  const cell = panel.content.widgets[index];
  if (!cell || !alternative.fix) {
    return false;
  }
  await panel.content.scrollToItem(index, 'smart').catch(() => undefined);
  await cell.ready.catch(() => undefined);
  const { editor } = cell;
  return editor instanceof CodeMirrorEditor && applyFix(editor.editor, alternative.code, alternative.fix);
}
