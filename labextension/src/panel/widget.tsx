/** The open notebook and its guard's state -> the side panel. */

import { ReactWidget } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IGuardConnection, IGuardConnections } from '../connection/token';
import { guardedTwin } from '../connection/guarded';
import { shieldIcon } from '../icons';
import { IReport, SERVER_OPTION } from '../protocol';
import { groups, ICellGroup, IGuardState } from '../store';
import { withDrafts } from '../vetting/drafts';
import { INotebookVetting, IVettings } from '../vetting/token';
import { alternativeIn, putInto, sourceOf } from './alternative';
import { ApprovedTexts } from './approved';
import { CellIndex, IPanelActions } from './context';
import { Findings } from './findings';
import { jumpTo } from './jump';
import { moveFocus } from './keys';
import { Pending } from './pending';
import { Redactions } from './redactions';
import { Status } from './status';
import { TrailList } from './trail';
import { UndoList } from './undo';

/** How many decisions of the journal are shown at most. */
const DECISIONS = 200;

const NONE: readonly IReport[] = [];

interface IListed {
  readonly reports: readonly IReport[];
  readonly drafts: readonly IReport[];
  readonly cells: CellIndex;
  readonly groups: readonly ICellGroup[];
}

export const PANEL_ID = 'jupyter-guard-panel';

export class GuardPanel extends ReactWidget {
  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _connections: IGuardConnections,
    private readonly _trans: TranslationBundle,
    private readonly _vettings: IVettings | null = null
  ) {
    super();
    this.id = PANEL_ID;
    this.addClass('jg-Panel');
    this.title.icon = shieldIcon;
    this.title.caption = this._trans.__('Guard: what the cells of this notebook do');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('Guard'));
    this.node.addEventListener('keydown', event => {
      if (moveFocus(this.node, event)) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
    this._notebooks.currentChanged.connect(this._follow, this);
    this._follow();
  }

  protected override render(): JSX.Element {
    const panel = this._panel;
    const actions = this._actions;
    if (!panel || !this._connection || !actions) {
      return <p className="jg-Empty">{this._trans.__('Open a notebook to see what its cells do.')}</p>;
    }
    const { state } = this._connection;
    const cells = (this._cells ??= cellsOf(panel, this._trans));
    const listed = this._list(state.reports, this._vetting?.reports ?? NONE, cells);
    const specs = panel.sessionContext.specsManager.specs?.kernelspecs ?? {};
    return (
      <>
        <Status
          state={state}
          twin={guardedTwin(state.kernel, specs)}
          isServerGuarded={PageConfig.getOption(SERVER_OPTION) !== ''}
          actions={actions}
        />
        <Pending pending={state.pending} cells={cells} actions={actions} />
        {state.link !== 'unguarded' && state.link !== 'none' && (
          <div className="jg-Lists">
            <Findings
              groups={listed}
              canVet={this._vetting !== null && state.link === 'connected' && state.guard?.enforced === true}
              progress={this._vetting?.progress ?? null}
              latest={state.reports[state.reports.length - 1]}
              cells={cells}
              actions={actions}
            />
            <Redactions redactions={state.redactions} cells={cells} actions={actions} />
            {state.guard?.enforced && (
              <>
                <UndoList latest={latestOf(state)} actions={actions} />
                <TrailList latest={latestOf(state)} cells={cells} actions={actions} />
              </>
            )}
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
    this._vetting?.changed.disconnect(this._onChanged, this);
    this._panel?.content.model?.cells.changed.disconnect(this._onCells, this);
    this._panel = next;
    this._cells = null;
    this._connection = next ? this._connections.of(next) : null;
    this._vetting = (next && this._vettings?.of(next)) ?? null;
    this._actions = next && this._connection ? this._actionsOf(next, this._connection, this._vetting) : null;
    this._connection?.changed.connect(this._onChanged, this);
    this._vetting?.changed.connect(this._onChanged, this);
    if (next) {
      void next.context.ready.then(() => {
        if (next === this._panel && !next.isDisposed) {
          next.content.model?.cells.changed.connect(this._onCells, this);
          this._onCells();
        }
      });
    }
    this.update();
  }

  private _onChanged(): void {
    this.update();
  }

  private _onCells(): void {
    this._cells = null;
    this.update();
  }

  /** What is listed, made anew only when a report, a draft or the cells' order is another. */
  private _list(reports: readonly IReport[], drafts: readonly IReport[], cells: CellIndex): readonly ICellGroup[] {
    const known = this._listed;
    if (known?.reports !== reports || known.drafts !== drafts || known.cells !== cells) {
      this._listed = { reports, drafts, cells, groups: groups(withDrafts(reports, drafts), cells.places) };
    }
    return this._listed?.groups ?? [];
  }

  private _actionsOf(
    panel: NotebookPanel,
    connection: IGuardConnection,
    vetting: INotebookVetting | null
  ): IPanelActions {
    let approved = this._approved.get(panel);
    if (!approved) {
      approved = new ApprovedTexts(panel, connection);
      this._approved.set(panel, approved);
    }
    const texts = approved;
    return {
      trans: this._trans,
      jump: (cellId, line) => jumpTo(panel, cellId, line),
      answer: (id, choice, event) => connection.answer(id, choice, event),
      switchKernel: name => void panel.sessionContext.changeKernel({ name }),
      vetAll: () => void vetting?.vetAll(),
      policy: () => connection.policy(),
      trail: () => connection.trail(DECISIONS),
      files: connection.files,
      alternative: (cellId, finding) => alternativeIn(panel, connection, cellId, finding),
      apply: (cellId, alternative) => putInto(panel, cellId, alternative),
      changes: ({ changes, cellId }) => {
        if (changes) {
          return changes;
        }
        // This kernel has not run the cell yet: one before it may have, while the page looked on.
        const before = texts.of(cellId);
        const after = sourceOf(panel, cellId);
        return before === undefined || after === undefined || before === after ? null : { before, after };
      }
    };
  }

  private _cells: CellIndex | null = null;
  private _listed: IListed | null = null;
  private _vetting: INotebookVetting | null = null;
  private _approved = new WeakMap<NotebookPanel, ApprovedTexts>();
  private _panel: NotebookPanel | null = null;
  private _connection: IGuardConnection | null = null;
  private _actions: IPanelActions | null = null;
}

/** What changes when there is a new decision, or another kernel to ask. */
function latestOf({ reports, pending, link }: IGuardState): string {
  return [link, reports[reports.length - 1]?.msgId ?? '', String(pending.length)].join(' ');
}

function cellsOf(panel: NotebookPanel, trans: TranslationBundle): CellIndex {
  const cells = Array.from(panel.content.model?.cells ?? []);
  return new CellIndex(
    cells.map(cell => ({
      id: cell.id,
      get source() {
        return cell.isDisposed ? '' : cell.sharedModel.getSource();
      }
    })),
    trans
  );
}
