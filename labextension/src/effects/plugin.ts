/** Under each cell that an assistant wrote, and any other on demand: one sentence of what it would do. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Cell, ICellModel } from '@jupyterlab/cells';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';

import { IGuardConnections } from '../connection/token';
import { IProvenance } from '../provenance/token';
import { IReport } from '../protocol';
import { readSettings } from '../settings';
import { INotebookVetting, IVettings } from '../vetting/token';
import { TRANSLATION_DOMAIN } from '../words';
import { effectsLine, isLineShown, LineScope } from './line';

const PLUGIN_ID = 'jupyter-guard:effects';
const PLACE = '.jp-Cell-inputWrapper';
const LINE = 'jg-Effects';

export const effects: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: "Says under an assistant's cell what it would do, before it runs.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IGuardConnections, IVettings, IProvenance, ISettingRegistry, ITranslator],
  activate: (
    _: JupyterFrontEnd,
    notebooks: INotebookTracker,
    connections: IGuardConnections | null,
    vettings: IVettings | null,
    provenance: IProvenance | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): void => {
    if (!connections || !vettings) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    let scope: LineScope = 'assistant';
    // What cells did when they last ran, by their ids.
    const ran = new Map<string, IReport>();

    const show = (cell: Cell, vetting: INotebookVetting): void => {
      const author = provenance?.authorship(cell.model).author ?? 'unknown';
      draw(cell, vetting, isLineShown(scope, author, vetting.isWanted(cell.model.id)), trans, ran.get(cell.model.id));
    };
    const follow = (panel: NotebookPanel): void => {
      const vetting = vettings.of(panel);
      vetting.changed.connect((_, models) => {
        const changed = new Set(models);
        panel.content.widgets.filter(cell => changed.has(cell.model)).forEach(cell => show(cell, vetting));
      });
      const connection = connections.of(panel);
      connection.changed.connect(() => {
        const news = connection.state.reports.filter(one => one.happened && ran.get(one.cellId) !== one);
        news.forEach(one => ran.set(one.cellId, one));
        const cells = new Set(news.map(one => one.cellId));
        if (cells.size > 0) {
          panel.content.widgets.filter(cell => cells.has(cell.model.id)).forEach(cell => show(cell, vetting));
        }
        if (connection.state.link === 'unguarded' || connection.state.link === 'none') {
          panel.content.widgets.forEach(cell => remove(cell));
        }
      });
    };
    const redraw = (): void =>
      notebooks.forEach(panel => panel.content.widgets.forEach(cell => show(cell, vettings.of(panel))));
    readSettings(registry, PLUGIN_ID, values => {
      scope = values.show === 'all' || values.show === 'wanted' ? values.show : 'assistant';
      redraw();
    });
    notebooks.forEach(follow);
    notebooks.widgetAdded.connect((_, panel) => follow(panel));
    // A cell that a person has made his own, or an assistant its own, since it was judged; its text is judged anew.
    provenance?.changed.connect((_, model: ICellModel) =>
      lines.get(model)?.forEach(line => line.classList.add('jg-is-old'))
    );
  }
};

/** The lines that stand under a cell, in every view of it: looked for at each key in it. */
const lines = new WeakMap<ICellModel, Set<Element>>();

function remove(cell: Cell): void {
  const line = cell.node.querySelector(`:scope > .${LINE}`);
  if (line) {
    line.remove();
    lines.get(cell.model)?.delete(line);
  }
}

function draw(cell: Cell, vetting: INotebookVetting, isShown: boolean, trans: TranslationBundle, ran?: IReport): void {
  const draft = vetting.draft(cell.model.id);
  if (cell.isDisposed || cell.model.type !== 'code') {
    return;
  }
  if (!isShown || !draft || !draft.code.trim()) {
    remove(cell);
    return;
  }
  const place = cell.node.querySelector(`:scope > ${PLACE}`);
  if (!place) {
    // A cell outside the window has no content yet.
    void cell.ready.then(
      () => cell.node.querySelector(`:scope > ${PLACE}`) && draw(cell, vetting, isShown, trans, ran),
      () => undefined
    );
    return;
  }
  // Of another text it says nothing.
  const happened = ran?.sha256 === draft.report?.sha256 ? ran?.happened : undefined;
  const line = effectsLine(draft, trans, happened);
  const present = cell.node.querySelector(`:scope > .${LINE}`);
  if (present) {
    // In place, so that a screen reader that stands on it says the new sentence.
    present.className = line.className;
    if (present.textContent !== line.textContent) {
      present.replaceChildren(...line.childNodes);
    }
  } else {
    place.after(line);
    lines.set(cell.model, (lines.get(cell.model) ?? new Set()).add(line));
  }
}
