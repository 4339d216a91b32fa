/** A question that was answered in the panel -> the cell's own input box put away. */

import { CodeCell } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';
import { Widget } from '@lumino/widgets';

import { PROMPT_END } from '../connection/stdin';

interface ISettled {
  _pendingInput?: boolean;
}

/**
 * Remove the input box under a cell whose question needs no answer any more. JupyterLab keeps it for ever, and holds
 * that input is pending for the cell; it has no public way to withdraw it.
 */
export function settleStdin(panel: NotebookPanel, cellId: string): void {
  const cell = panel.content.widgets.find(widget => widget.model.id === cellId);
  if (!(cell instanceof CodeCell)) {
    return;
  }
  const boxes = cell.outputArea.widgets.filter(isInputBox);
  if (boxes.length > 0) {
    boxes.forEach(box => box.dispose());
    (cell.outputArea as unknown as ISettled)._pendingInput = false;
  }
}

/** The guard's own question, and not one that the cell itself asks; one that was just answered goes by itself. */
function isInputBox(widget: Widget): boolean {
  const prompt = widget.node.querySelector('.jp-Stdin-prompt')?.textContent ?? '';
  return (
    widget.hasClass('jp-OutputArea-stdin-item') &&
    !widget.hasClass('jp-OutputArea-stdin-hiding') &&
    prompt.trimEnd().endsWith(PROMPT_END)
  );
}
