/** Squiggles and gutter marks in the cells' editors, from what the guard says of the text as it stands. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ICellModel } from '@jupyterlab/cells';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { Compartment, Text } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

import { CellEditors } from '../editors';
import { IGuardConnections } from '../connection/token';
import { codeAbove } from '../fix/above';
import { noRewrite, rewrite } from '../fix/apply';
import { IReport } from '../protocol';
import { readSettings } from '../settings';
import { IVettings } from '../vetting/token';
import { TRANSLATION_DOMAIN } from '../words';
import { diagnostics, Fixer } from './diagnostics';

const PLUGIN_ID = 'jupyter-guard:lint';

/** Its place in the editor takes no room while there is nothing in it. */
const gutter = new Compartment();

/** The report that an editor was marked with, and its text then: the same need not be marked again. */
interface IMarked {
  readonly report: IReport | null;
  readonly doc: Text | null;
  readonly hasGutter: boolean;
}

const UNMARKED: IMarked = { report: null, doc: null, hasGutter: false };

export const lint: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Marks in the editor what the guard has to say about the code.',
  autoStart: true,
  requires: [INotebookTracker, IEditorExtensionRegistry],
  optional: [IVettings, IGuardConnections, ISettingRegistry, ITranslator],
  activate: (
    _: JupyterFrontEnd,
    notebooks: INotebookTracker,
    registry: IEditorExtensionRegistry,
    vettings: IVettings | null,
    connections: IGuardConnections | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ): void => {
    if (!vettings || !connections) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    const editors = new CellEditors();
    const marked = new WeakMap<EditorView, IMarked>();
    let isOn = true;

    const fixer =
      (panel: NotebookPanel, cell: ICellModel): Fixer =>
      (view, code, finding) =>
        void rewrite(connections.of(panel), view, code, codeAbove(panel, cell.id), finding).then(problem => {
          if (problem !== null && !cell.isDisposed) {
            Notification.info(noRewrite(problem, trans), { autoClose: 5000 });
          }
        });

    const mark = (panel: NotebookPanel, cell: ICellModel): void => {
      const draft = vettings.of(panel).draft(cell.id);
      for (const view of editors.of(cell.sharedModel)) {
        const { doc } = view.state;
        const code = doc.toString();
        const report = (isOn && draft?.report) || null;
        const known = marked.get(view) ?? UNMARKED;
        if (
          (isOn && (!draft || draft.code !== code)) ||
          (known.report === report && (report === null || known.doc === doc))
        ) {
          continue;
        }
        const found = report ? diagnostics(code, report, trans, fixer(panel, cell)) : [];
        const hasGutter = found.length > 0;
        marked.set(view, { report, doc, hasGutter });
        view.dispatch(
          setDiagnostics(view.state, found),
          // Another gutter sets the whole editor up anew.
          hasGutter === known.hasGutter ? {} : { effects: gutter.reconfigure(hasGutter ? lintGutter() : []) }
        );
      }
    };

    editors.watch(registry, PLUGIN_ID, [gutter.of([])], shared => remark(shared));

    const remark = (text: object): void =>
      notebooks.forEach(panel => {
        const cell = panel.content.widgets.find(one => one.model.sharedModel === text);
        if (cell) {
          mark(panel, cell.model);
        }
      });
    const follow = (panel: NotebookPanel): void =>
      void vettings.of(panel).changed.connect((_, cells) => cells.forEach(cell => mark(panel, cell)));
    notebooks.forEach(follow);
    notebooks.widgetAdded.connect((_, panel) => follow(panel));
    readSettings(settings, PLUGIN_ID, values => {
      isOn = values.marks !== false;
      notebooks.forEach(panel => panel.content.widgets.forEach(cell => mark(panel, cell.model)));
    });
  }
};
