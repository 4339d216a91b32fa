/** The open notebook and its guard's state -> the side panel. */

import { ReactWidget } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IGuardConnection, IGuardConnections } from '../connection/token';
import { guardedTwin } from '../connection/guarded';
import { shieldIcon } from '../icons';
import { groups } from '../store';
import { ICellInfo, IPanelContext } from './context';
import { Findings } from './findings';
import { jumpTo } from './jump';
import { Pending } from './pending';
import { Redactions } from './redactions';
import { Status } from './status';

export const PANEL_ID = 'jupyter-guard-panel';

export class GuardPanel extends ReactWidget {
  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _connections: IGuardConnections,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.id = PANEL_ID;
    this.addClass('jg-Panel');
    // The layout reads it when the panel is added, perhaps before the style sheet is there.
    this.node.style.minWidth = '290px';
    this.title.icon = shieldIcon;
    this.title.caption = this._trans.__('Guard: what the cells of this notebook do');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('Guard'));
    this._notebooks.currentChanged.connect(this._follow, this);
    this._follow();
  }

  protected override render(): JSX.Element {
    const panel = this._panel;
    if (!panel || !this._connection) {
      return <p className="jg-Empty">{this._trans.__('Open a notebook to see what its cells do.')}</p>;
    }
    const { state } = this._connection;
    const context = this._context(panel, this._connection);
    const ids = context.cells.map(cell => cell.id);
    return (
      <>
        <Status state={state} context={context} />
        <Pending pending={state.pending} context={context} />
        {state.link !== 'unguarded' && state.link !== 'none' && (
          <div className="jg-Lists">
            <Findings
              groups={groups(state, ids)}
              latest={state.reports[state.reports.length - 1]}
              context={context}
            />
            <Redactions redactions={state.redactions} context={context} />
          </div>
        )}
      </>
    );
  }

  /** Show the notebook that is in front. */
  private _follow(): void {
    const next = this._notebooks.currentWidget;
    if (next === this._panel) {
      return;
    }
    this._connection?.changed.disconnect(this._onChanged, this);
    this._panel?.content.model?.cells.changed.disconnect(this._onChanged, this);
    this._panel = next;
    this._connection = next ? this._connections.of(next) : null;
    this._connection?.changed.connect(this._onChanged, this);
    if (next) {
      void next.context.ready.then(() => {
        if (next === this._panel && !next.isDisposed) {
          next.content.model?.cells.changed.connect(this._onChanged, this);
          this.update();
        }
      });
    }
    this.update();
  }

  private _onChanged(): void {
    this.update();
  }

  private _context(panel: NotebookPanel, connection: IGuardConnection): IPanelContext {
    const { sessionContext } = panel;
    const specs = sessionContext.specsManager.specs?.kernelspecs ?? {};
    return {
      trans: this._trans,
      cells: cellInfos(panel),
      jump: (cellId, line) => jumpTo(panel, cellId, line),
      answer: (id, choice, event) => void connection.answer(id, choice, event),
      twin: guardedTwin(connection.state.kernel, specs),
      switchKernel: name => void sessionContext.changeKernel({ name })
    };
  }

  private _panel: NotebookPanel | null = null;
  private _connection: IGuardConnection | null = null;
}

function cellInfos(panel: NotebookPanel): ICellInfo[] {
  const cells = panel.content.model?.cells;
  return cells
    ? Array.from(cells, cell => {
        const source = cell.sharedModel.getSource();
        const line = source.split('\n', 20).find(text => text.trim() !== '') ?? '';
        return { id: cell.id, excerpt: line.trim().slice(0, 120) };
      })
    : [];
}
