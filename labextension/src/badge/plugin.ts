/** Marks the cells that an assistant wrote. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Cell, ICellModel } from '@jupyterlab/cells';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';

import { element } from '../dom';
import { IProvenance } from '../provenance/token';
import { TRANSLATION_DOMAIN } from '../words';

/** A pause in typing after which a badge is brought up to date. */
const PAUSE_MS = 200;

const PLACE = '.jp-Cell-inputWrapper';

export const badge: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-guard:badge',
  description: 'Marks the cells that an assistant wrote.',
  autoStart: true,
  requires: [INotebookTracker, IProvenance],
  optional: [ITranslator],
  activate: (
    _: JupyterFrontEnd,
    notebooks: INotebookTracker,
    provenance: IProvenance,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    const waiting = new Set<ICellModel>();
    provenance.changed.connect((_, cell) => {
      if (waiting.size === 0) {
        window.setTimeout(() => {
          const models = [...waiting];
          waiting.clear();
          models.forEach(model => widgetsOf(notebooks, model).forEach(widget => mark(widget, provenance, trans)));
        }, PAUSE_MS);
      }
      waiting.add(cell);
    });
  }
};

function widgetsOf(notebooks: INotebookTracker, model: ICellModel): Cell[] {
  const found: Cell[] = [];
  notebooks.forEach((panel: NotebookPanel) => {
    found.push(...panel.content.widgets.filter(widget => widget.model === model));
  });
  return found;
}

function mark(cell: Cell, provenance: IProvenance, trans: TranslationBundle): void {
  if (cell.isDisposed || cell.model.type !== 'code') {
    return;
  }
  const place = cell.node.querySelector(PLACE);
  if (!place) {
    // A cell outside the window has no content yet.
    void cell.ready.then(() => cell.node.querySelector(PLACE) && mark(cell, provenance, trans));
    return;
  }
  const { author, shares } = provenance.authorship(cell.model);
  const present = place.querySelector(':scope > .jg-Badge');
  if (author !== 'assistant') {
    present?.remove();
    return;
  }
  const typed = Math.round((shares.typed ?? 0) * 100);
  const title = trans.__('Written by an assistant or another program; typed by a person: %1%', String(typed));
  if (present) {
    present.setAttribute('title', title);
    return;
  }
  place.classList.add('jg-has-Badge');
  place.append(element('span', 'jg-Badge jg-mod-assistant', [trans.__('assistant')], { role: 'note', title }));
}
