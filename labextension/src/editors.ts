/**
 * Cells' texts -> the editors that show them now. They come and go as cells scroll through the window.
 *
 * Only editors that are on screen, or nearly, are given: a change of one makes the browser lay the page out anew, and
 * with thousands of cells each such change takes as long as a frame.
 */

import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { Extension } from '@codemirror/state';
import { EditorView, ViewPlugin } from '@codemirror/view';

export class CellEditors {
  /** Give every editor of a code cell `extensions`; `shown` is told of a text one of whose editors came into sight. */
  watch(
    registry: IEditorExtensionRegistry,
    name: string,
    extensions: readonly Extension[],
    shown: (sharedModel: object) => void
  ): void {
    this._shown = shown;
    registry.addExtension(
      Object.freeze({
        name,
        factory: ({ model }: { readonly model: object }) => {
          const { type, sharedModel } = model as { readonly type?: unknown; readonly sharedModel?: object };
          return type === 'code' && sharedModel
            ? EditorExtensionRegistry.createImmutableExtension([
                ...extensions,
                ViewPlugin.define(view => {
                  this._texts.set(view.dom, { view, sharedModel });
                  this._observer.observe(view.dom);
                  return { destroy: () => this._forget(view) };
                })
              ])
            : null;
        }
      })
    );
  }

  /** The editors of a text that are in sight. */
  of(sharedModel: object): ReadonlySet<EditorView> {
    return this._views.get(sharedModel) ?? new Set();
  }

  private _onSight(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const known = this._texts.get(target);
      if (!known) {
        continue;
      }
      const { view, sharedModel } = known;
      const views = this._views.get(sharedModel) ?? new Set<EditorView>();
      this._views.set(sharedModel, views);
      if (!isIntersecting) {
        views.delete(view);
      } else if (!views.has(view)) {
        views.add(view);
        this._shown(sharedModel);
      }
    }
  }

  private _forget(view: EditorView): void {
    this._observer.unobserve(view.dom);
    const sharedModel = this._texts.get(view.dom)?.sharedModel;
    if (sharedModel) {
      this._views.get(sharedModel)?.delete(view);
    }
  }

  private _shown: (sharedModel: object) => void = () => undefined;
  private _texts = new WeakMap<Element, { readonly view: EditorView; readonly sharedModel: object }>();
  private _views = new WeakMap<object, Set<EditorView>>();
  private _observer = new IntersectionObserver(entries => this._onSight(entries), { rootMargin: '300px' });
}
