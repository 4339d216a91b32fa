/** Cells' texts -> the editors that show them now, which come and go as cells scroll through the window. */

import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { Extension } from '@codemirror/state';
import { EditorView, ViewPlugin } from '@codemirror/view';

export class CellEditors {
  /** Give every editor of a code cell `extensions`; `added` is told of a text that has a new editor. */
  watch(
    registry: IEditorExtensionRegistry,
    name: string,
    extensions: readonly Extension[],
    added: (sharedModel: object) => void
  ): void {
    registry.addExtension(
      Object.freeze({
        name,
        factory: ({ model }: { readonly model: object }) => {
          const { type, sharedModel } = model as { readonly type?: unknown; readonly sharedModel?: object };
          return type === 'code' && sharedModel
            ? EditorExtensionRegistry.createImmutableExtension([
                ...extensions,
                ViewPlugin.define(view => {
                  const forget = this._add(sharedModel, view);
                  window.setTimeout(() => added(sharedModel));
                  return { destroy: forget };
                })
              ])
            : null;
        }
      })
    );
  }

  of(sharedModel: object): ReadonlySet<EditorView> {
    return this._views.get(sharedModel) ?? new Set();
  }

  private _add(sharedModel: object, view: EditorView): () => void {
    const views = this._views.get(sharedModel) ?? new Set<EditorView>();
    views.add(view);
    this._views.set(sharedModel, views);
    return () => void views.delete(view);
  }

  private _views = new WeakMap<object, Set<EditorView>>();
}
