/** A finding on a card -> a button that shows its rewrite, and puts it into the cell that the card is under. */

import { ReactWidget } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { IGuardConnections } from '../connection/token';
import { alternativeIn, putInto } from '../panel/alternative';
import { Safer } from '../panel/safer';
import { IFinding } from '../protocol';

/** What a card needs for it; a page without notebooks or without their guards has cards all the same. */
export interface IRewriting {
  readonly notebooks: INotebookTracker;
  readonly connections: IGuardConnections;
}

/** The buttons of one card, which come and go with it. */
export class Rewrites {
  constructor(
    private readonly _rewriting: IRewriting | null,
    private readonly _trans: TranslationBundle
  ) {}

  /** Where the button of a finding will stand; `null` where there is nothing to rewrite. */
  place(finding: IFinding): HTMLElement | null {
    if (!this._rewriting || !(finding.fixable || finding.offered)) {
      return null;
    }
    const host = document.createElement('div');
    this._hosts.set(host, finding);
    return host;
  }

  /** The card is on the page: in a notebook the buttons are too. */
  attach(): void {
    for (const [host, finding] of this._hosts) {
      const inNotebook = host.isConnected && host.closest('.jp-Notebook') !== null;
      if (this._rewriting && inNotebook && !this._widgets.has(host)) {
        const widget = this._button(host, finding, this._rewriting);
        this._widgets.set(host, widget);
        Widget.attach(widget, host);
      }
    }
  }

  /** The card leaves the page, for a while or for good. */
  detach(): void {
    for (const widget of this._widgets.values()) {
      // Lumino throws where the page dropped the node without telling its widget: then it is gone anyway.
      if (widget.node.isConnected) {
        widget.dispose();
      }
    }
    this._widgets.clear();
  }

  private _button(host: HTMLElement, finding: IFinding, { notebooks, connections }: IRewriting): Widget {
    const actions = {
      trans: this._trans,
      alternative: async () => {
        const found = cellAround(notebooks, host);
        return found && alternativeIn(found.panel, connections.of(found.panel), found.cellId, finding);
      },
      apply: async (_: string, alternative: Parameters<typeof putInto>[2]) => {
        const found = cellAround(notebooks, host);
        return found !== null && putInto(found.panel, found.cellId, alternative);
      }
    };
    return ReactWidget.create(<Safer finding={finding} cellId="" isOpen={false} actions={actions} />);
  }

  private _hosts = new Map<HTMLElement, IFinding>();
  private _widgets = new Map<HTMLElement, Widget>();
}

function cellAround(
  notebooks: INotebookTracker,
  node: HTMLElement
): { readonly panel: NotebookPanel; readonly cellId: string } | null {
  const panel = notebooks.find(one => one.node.contains(node));
  const cell = panel?.content.widgets.find(one => one.node.contains(node));
  return panel && cell ? { panel, cellId: cell.model.id } : null;
}
