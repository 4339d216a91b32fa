/** Runs and edits of cells -> claims to the guard, and what is stored of them in the cell's metadata. */

import { Cell, ICellModel } from '@jupyterlab/cells';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { KernelMessage } from '@jupyterlab/services';

import { claimOver } from '../connection/connection';
import { IClaim, IGuardConnection, IGuardConnections } from '../connection/token';
import { METADATA_KEY } from '../protocol';
import { sha256 } from './sha256';
import { encoded, storedOrigin } from './stored';
import { ProvenanceTracker } from './tracker';

/** A cell that this page ran itself is reported by the kernel within this time, however the request travelled. */
const OWN_RUN_MS = 60_000;
/** An assistant's text is told to the guard this soon after it changed: a program may run it without the page. */
const SOON_MS = 10;
const REMEMBERED = 500;

export class Claims {
  constructor(
    private readonly _tracker: ProvenanceTracker,
    private readonly _connections: IGuardConnections,
    private readonly _notebooks: INotebookTracker
  ) {
    _tracker.changed.connect((_, cell) => this._tellSoon(cell));
  }

  /** Whether claims are written to the cells' metadata too. */
  storesOrigin = true;

  /** A cell is about to be sent to the kernel, by this page. */
  runs(panel: NotebookPanel, cell: Cell, startedBy: IClaim['startedBy']): void {
    const connection = this._connections.of(panel);
    // A cell that a program deletes after it asked for its run has no model any more.
    if (cell.isDisposed || cell.model.type !== 'code' || !isGuardThere(connection)) {
      return;
    }
    const claim = this._claim(cell.model, startedBy);
    this._ran.set(claim.sha256, performance.now());
    for (const oldest of this._ran.keys()) {
      if (this._ran.size <= REMEMBERED) {
        break;
      }
      this._ran.delete(oldest);
    }
    claimOver(connection, claim);
    this._store(cell.model, claim);
  }

  /** The kernel says what it runs: a cell that this page did not run was run by a program on the server. */
  ranElsewhere(panel: NotebookPanel, message: KernelMessage.IExecuteInputMsg): void {
    const { code } = message.content;
    if (typeof code !== 'string' || !code.trim()) {
      return;
    }
    const hash = sha256(code);
    const own = this._ran.get(hash);
    const model = panel.content.model;
    const isOwn = own !== undefined && performance.now() - own < OWN_RUN_MS;
    // Elsewhere than in a shared document, a program on the server has no cell that it runs.
    if (isOwn || !model?.collaborative || !isGuardThere(this._connections.of(panel))) {
      return;
    }
    for (const cell of model.cells) {
      if (cell.type !== 'code' || cell.sharedModel.getSource() !== code) {
        continue;
      }
      // Another person's page has said already that it ran this.
      if (storedOrigin(cell.getMetadata(METADATA_KEY)).sha256 !== hash) {
        this._store(cell, this._claim(cell, 'server'));
      }
      return;
    }
  }

  /** The notebook is being saved: what a program wrote is marked, run or not, since nobody else knows it afterwards. */
  saves(panel: NotebookPanel): void {
    for (const cell of panel.content.model?.cells ?? []) {
      const ledger = cell.type === 'code' ? this._tracker.ledger(cell) : null;
      if (ledger && this._saved.get(cell) !== ledger && this._tracker.authorship(cell).author === 'assistant') {
        this._saved.set(cell, ledger);
        const claim = this._claim(cell, '');
        if (storedOrigin(cell.getMetadata(METADATA_KEY)).sha256 !== claim.sha256) {
          this._store(cell, claim);
        }
      }
    }
  }

  /**
   * Can only raise: that a person wrote a text is said when the person runs it, not before. Whose a text is by now is
   * reckoned from all of it, which no key should wait for.
   */
  private _tellSoon(cell: ICellModel): void {
    if (cell.type !== 'code') {
      return;
    }
    if (this._news.size === 0) {
      window.setTimeout(() => this._tell(), SOON_MS);
    }
    this._news.add(cell);
  }

  private _tell(): void {
    const news = [...this._news];
    this._news.clear();
    for (const cell of news) {
      if (cell.isDisposed || this._tracker.authorship(cell).author !== 'assistant') {
        continue;
      }
      const panel = this._notebooks.find(one => [...(one.content.model?.cells ?? [])].includes(cell));
      const connection = panel && this._connections.of(panel);
      if (connection && isGuardThere(connection)) {
        claimOver(connection, this._claim(cell, ''));
      }
    }
  }

  private _claim(cell: ICellModel, startedBy: IClaim['startedBy']): IClaim {
    const { author, shares } = this._tracker.authorship(cell);
    return { sha256: sha256(cell.sharedModel.getSource()), cellId: cell.id, author, shares, startedBy };
  }

  private _store(cell: ICellModel, claim: IClaim): void {
    const known: unknown = cell.getMetadata(METADATA_KEY);
    const rest = typeof known === 'object' && known !== null ? known : {};
    if (!this.storesOrigin) {
      const { origin: _, ...others } = rest as { readonly origin?: unknown };
      // What stands there from before would hold for ever of a cell that a person has written anew.
      if ('origin' in rest && claim.author === 'human') {
        cell.setMetadata(METADATA_KEY, others);
      }
      return;
    }
    const runs = encoded(this._tracker.ledger(cell)?.runs ?? []);
    const origin = {
      author: claim.author,
      sha256: claim.sha256,
      shares: { ...claim.shares },
      by_people: this._tracker.authorship(cell).byPeople,
      started_by: claim.startedBy,
      ...(runs?.length ? { runs } : {})
    };
    const next = { ...rest, origin };
    if (JSON.stringify(known) !== JSON.stringify(next)) {
      cell.setMetadata(METADATA_KEY, next);
    }
  }

  private _ran = new Map<string, number>();
  private _saved = new WeakMap<ICellModel, object>();
  /** Cells whose texts, or whose authors, have changed since the guard was told. */
  private _news = new Set<ICellModel>();
}

export function isGuardThere(connection: IGuardConnection): boolean {
  return connection.state.link !== 'unguarded' && connection.state.link !== 'none';
}
