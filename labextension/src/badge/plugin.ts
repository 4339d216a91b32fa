/** Marks each cell with who wrote it, where that was an assistant, and with what the guard decided about its last run. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Cell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';

import { IGuardConnection, IGuardConnections } from '../connection/token';
import { element } from '../dom';
import { IReport } from '../protocol';
import { IProvenance } from '../provenance/token';
import { shownState, stateTitle, stateTone, TRANSLATION_DOMAIN } from '../words';

/** A pause in typing after which badges are brought up to date. */
const PAUSE_MS = 200;
const PLACE = '.jp-Cell-inputWrapper';

export const badge: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-guard:badge',
  description: 'Marks the cells that an assistant wrote, and those that were stopped, asked about or warned of.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IProvenance, IGuardConnections, ITranslator],
  activate: (
    _: JupyterFrontEnd,
    notebooks: INotebookTracker,
    provenance: IProvenance | null,
    connections: IGuardConnections | null,
    translator: ITranslator | null
  ): void => {
    if (!provenance || !connections) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    const waiting = new Set<string>();
    const later = (ids: readonly string[]): void => {
      if (waiting.size === 0 && ids.length > 0) {
        window.setTimeout(() => {
          const changed = new Set(waiting);
          waiting.clear();
          notebooks.forEach(panel => draw(panel, changed, provenance, connections.of(panel), trans));
        }, PAUSE_MS);
      }
      ids.forEach(id => waiting.add(id));
    };
    provenance.changed.connect((_, cell) => later([cell.id]));
    const follow = (panel: NotebookPanel): void => {
      const connection = connections.of(panel);
      let before: readonly IReport[] = [];
      connection.changed.connect(() => {
        const { reports } = connection.state;
        if (reports !== before) {
          const known = new Set(before);
          const now = new Set(reports);
          const changed = [...reports.filter(one => !known.has(one)), ...before.filter(one => !now.has(one))];
          before = reports;
          later(changed.map(one => one.cellId).filter(Boolean));
        }
      });
    };
    notebooks.forEach(follow);
    notebooks.widgetAdded.connect((_, panel) => follow(panel));
  }
};

function draw(
  panel: NotebookPanel,
  ids: ReadonlySet<string>,
  provenance: IProvenance,
  connection: IGuardConnection,
  trans: TranslationBundle
): void {
  const reports = new Map(connection.state.reports.map(report => [report.cellId, report]));
  for (const cell of panel.content.widgets) {
    if (ids.has(cell.model.id)) {
      mark(cell, reports.get(cell.model.id), provenance, trans);
    }
  }
}

function mark(cell: Cell, report: IReport | undefined, provenance: IProvenance, trans: TranslationBundle): void {
  if (cell.isDisposed || cell.model.type !== 'code') {
    return;
  }
  const place = cell.node.querySelector(PLACE);
  if (!place) {
    // A cell outside the window has no content yet.
    void cell.ready.then(() => cell.node.querySelector(PLACE) && mark(cell, report, provenance, trans));
    return;
  }
  const { author, shares } = provenance.authorship(cell.model);
  const typed = String(Math.round((shares.typed ?? 0) * 100));
  const parts: HTMLElement[] = [];
  if (author === 'assistant') {
    const title = trans.__('Written by an assistant or another program; typed by a person: %1%', typed);
    parts.push(element('span', 'jg-Badge jg-mod-assistant', [trans.__('assistant')], { role: 'note', title }));
  }
  const word = report ? verdictWord(shownState(report), trans) : '';
  if (report && word) {
    const state = shownState(report);
    const title = [stateTitle(state, trans), report.sentence].filter(Boolean).join(': ');
    const name = `jg-Badge jg-mod-verdict jg-tone-${stateTone(state)}`;
    parts.push(element('span', name, [word], { role: 'note', title }));
  }
  const present = place.querySelector(':scope > .jg-Badges');
  if (parts.length === 0) {
    present?.remove();
  } else if (present) {
    present.replaceChildren(...parts);
  } else {
    place.classList.add('jg-has-Badge');
    place.append(element('div', 'jg-Badges', parts));
  }
}

/** What became of the last run, in a word; empty where nothing was said about it. */
function verdictWord(state: string, trans: TranslationBundle): string {
  switch (state) {
    case 'blocked':
      return trans.__('stopped');
    case 'declined':
      return trans.__('not allowed');
    case 'confirmed':
      return trans.__('allowed');
    case 'warned':
      return trans.__('warning');
    default:
      return '';
  }
}
