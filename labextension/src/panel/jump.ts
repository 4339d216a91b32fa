/** A cell's id and a line -> that place on screen, with the focus there. */

import { NotebookPanel } from '@jupyterlab/notebook';

export function jumpTo(panel: NotebookPanel, cellId: string, line?: number): void {
  const notebook = panel.content;
  const index = notebook.widgets.findIndex(cell => cell.model.id === cellId);
  const cell = notebook.widgets[index];
  if (!cell) {
    return;
  }
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  notebook.mode = 'command';
  void notebook
    .scrollToItem(index, 'smart')
    .catch(() => cell.node.scrollIntoView({ block: 'nearest' }))
    .then(() => {
      if (line !== undefined && cell.editor) {
        const last = Math.max(cell.editor.lineCount - 1, 0);
        cell.editor.setCursorPosition({ line: Math.min(Math.max(line - 1, 0), last), column: 0 });
      }
      notebook.node.focus();
      flash(cell.node);
    });
}

function flash(node: HTMLElement): void {
  node.classList.add('jg-flash');
  window.setTimeout(() => node.classList.remove('jg-flash'), 1200);
}
