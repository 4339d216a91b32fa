/** Squiggles and gutter marks in the cells' editors, from what the guard says of the text as it stands. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICellModel } from '@jupyterlab/cells';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { Compartment } from '@codemirror/state';
import { EditorView, ViewPlugin } from '@codemirror/view';

import { readSettings } from '../settings';
import { IVettings } from '../vetting/token';
import { TRANSLATION_DOMAIN } from '../words';
import { diagnostics } from './diagnostics';

const PLUGIN_ID = 'jupyter-guard:lint';

/** The open editors by their text, and the place for the gutter, which takes no room while there is nothing in it. */
class Editors {
  readonly gutter = new Compartment();

  add(text: object, view: EditorView): () => void {
    const views = this._views.get(text) ?? new Set<EditorView>();
    views.add(view);
    this._views.set(text, views);
    return () => void views.delete(view);
  }

  of(text: object): ReadonlySet<EditorView> {
    return this._views.get(text) ?? new Set();
  }

  private _views = new WeakMap<object, Set<EditorView>>();
}

export const lint: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Marks in the editor what the guard has to say about the code.',
  autoStart: true,
  requires: [INotebookTracker, IEditorExtensionRegistry, IVettings],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    _: JupyterFrontEnd,
    notebooks: INotebookTracker,
    registry: IEditorExtensionRegistry,
    vettings: IVettings,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    const editors = new Editors();
    let isOn = true;

    const mark = (panel: NotebookPanel, cell: ICellModel): void => {
      const draft = vettings.of(panel).draft(cell.id);
      for (const view of editors.of(cell.sharedModel)) {
        const code = view.state.doc.toString();
        if (isOn && (!draft || draft.code !== code)) {
          continue;
        }
        const found = isOn && draft?.report ? diagnostics(code, draft.report, trans) : [];
        view.dispatch(setDiagnostics(view.state, found), {
          effects: editors.gutter.reconfigure(found.length > 0 ? lintGutter() : [])
        });
      }
    };

    registry.addExtension(
      Object.freeze({
        name: PLUGIN_ID,
        factory: ({ model }: { readonly model: object }) => {
          const { type, sharedModel } = model as { readonly type?: unknown; readonly sharedModel?: object };
          return type === 'code' && sharedModel
            ? EditorExtensionRegistry.createImmutableExtension([
                editors.gutter.of([]),
                ViewPlugin.define(view => {
                  const forget = editors.add(sharedModel, view);
                  // Editors come and go as cells scroll through the window.
                  window.setTimeout(() => remark(sharedModel));
                  return { destroy: forget };
                })
              ])
            : null;
        }
      })
    );

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
