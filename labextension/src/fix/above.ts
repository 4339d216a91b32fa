/** A cell of an open notebook -> the texts of the code cells above it, first to last. */

import { NotebookPanel } from '@jupyterlab/notebook';

export function codeAbove(panel: NotebookPanel, cellId: string): string[] {
  const cells = [...(panel.content.model?.cells ?? [])];
  const at = cells.findIndex(cell => cell.id === cellId);
  return cells
    .slice(0, Math.max(at, 0))
    .filter(cell => cell.type === 'code')
    .map(cell => cell.sharedModel.getSource());
}
