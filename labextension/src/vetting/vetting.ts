/** A notebook's cells as they are written -> what each would do, judged by the kernel's guard after each pause. */

import { ICellModel } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';
import { JSONValue } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { IGuardConnection } from '../connection/token';
import { METADATA_KEY, IReport } from '../protocol';
import { IProvenance } from '../provenance/token';
import { IVetted } from './answer';
import { DraftQueue, IDraft, sameReport } from './drafts';
import { INotebookVetting, IVetAll } from './token';

/** After a cell ran, what others would do may have changed; of more than this many the rest waits for its turn. */
const RENEWED = 40;

/** While a whole notebook is judged, the others hear of it after so many cells, then twice as many, and so on: drawing
 * thousands of findings takes longer than judging a cell. */
const TOLD_FIRST = 20;

/**
 * While a whole notebook is judged, so many cells are on their way: a page that is busy drawing gets to few messages at
 * a time. The guard takes them one by one, and any cell that runs in between.
 */
const IN_FLIGHT = 16;

export interface IVettingSettings {
  readonly live: boolean;
  readonly pauseMs: number;
}

export class NotebookVetting implements INotebookVetting, IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _connection: IGuardConnection,
    private readonly _provenance: IProvenance | null,
    private readonly _settings: () => IVettingSettings
  ) {
    _connection.changed.connect(this._onGuard, this);
    _provenance?.changed.connect(this._onAuthor, this);
    void _panel.context.ready.then(() => {
      const cells = _panel.content.model?.cells;
      if (cells && !this._isDisposed) {
        this._cells = null;
        this._reports = null;
        [...cells].forEach(cell => this._watch(cell));
        cells.changed.connect((_, change) => {
          this._cells = null;
          this._reports = null;
          change.newValues.forEach(cell => this._onNew(cell));
        });
        this._onGuard();
      }
    });
  }

  get changed(): ISignal<INotebookVetting, readonly ICellModel[]> {
    return this._changed;
  }

  get progress(): IVetAll | null {
    return this._progress;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get reports(): readonly IReport[] {
    return (this._reports ??= this._current());
  }

  dispose(): void {
    this._isDisposed = true;
    this._timers.forEach(timer => window.clearTimeout(timer));
    this._queue.clear();
    this._connection.changed.disconnect(this._onGuard, this);
    this._provenance?.changed.disconnect(this._onAuthor, this);
    Signal.clearData(this);
  }

  draft(cellId: string): IDraft | null {
    return this._drafts.get(cellId) ?? null;
  }

  isWanted(cellId: string): boolean {
    return this._wanted.has(cellId);
  }

  vetCell(cellId: string): void {
    this._wanted.add(cellId);
    this._queue.add(cellId, true);
    void this._work();
  }

  async vetAll(): Promise<boolean> {
    const run = ++this._run;
    const cells = [...this._codeCells().values()];
    let tellAt = TOLD_FIRST;
    let news: ICellModel[] = [];
    const asked: { readonly cell: ICellModel; readonly code: string; readonly answer: Promise<IVetted | null> }[] = [];
    for (let index = 0; index < cells.length; index++) {
      for (let next = index + asked.length; next < Math.min(index + IN_FLIGHT, cells.length); next++) {
        const cell = cells[next];
        if (cell) {
          const code = cell.sharedModel.getSource();
          asked.push({ cell, code, answer: this._connection.vet({ ...this._request(cell, code), number: next + 1 }) });
        }
      }
      const first = asked.shift();
      if (!first) {
        break;
      }
      const { cell, code } = first;
      const answer = await first.answer;
      if (this._isDisposed || run !== this._run) {
        return false;
      }
      if (!answer) {
        this._progress = null;
        this._changed.emit(news);
        return false;
      }
      this._keep(cell, code, answer, true);
      news.push(cell);
      this._progress = { done: index + 1, total: cells.length };
      if (index + 1 >= tellAt) {
        tellAt *= 2;
        this._changed.emit(news);
        news = [];
      }
    }
    this._progress = null;
    this._changed.emit(news);
    return true;
  }

  /** The code cells by their ids, in the notebook's order. */
  private _codeCells(): ReadonlyMap<string, ICellModel> {
    return (this._cells ??= new Map(
      Array.from(this._panel.content.model?.cells ?? [])
        .filter(cell => cell.type === 'code')
        .map(cell => [cell.id, cell])
    ));
  }

  /** What was said of the texts that stand in the cells. Only those that changed since are read. */
  private _current(): readonly IReport[] {
    const cells = this._codeCells();
    const reports: IReport[] = [];
    for (const [id, draft] of this._drafts) {
      const cell = cells.get(id);
      if (cell && this._touched.has(id) && cell.sharedModel.getSource() === draft.code) {
        this._touched.delete(id);
      }
      if (cell && draft.report && !this._touched.has(id)) {
        reports.push(draft.report);
      }
    }
    return reports;
  }

  private _watch(cell: ICellModel): void {
    if (cell.type === 'code' && !this._watched.has(cell)) {
      this._watched.add(cell);
      cell.contentChanged.connect(this._onText, this);
    }
  }

  /** Who wrote a new cell may have been told before it was watched: which of the two hears of it first, is open. */
  private _onNew(cell: ICellModel): void {
    this._watch(cell);
    if (this._provenance) {
      this._onAuthor(this._provenance, cell);
    }
  }

  private _onText(cell: ICellModel): void {
    this._touched.add(cell.id);
    this._reports = null;
    if (this._settings().live) {
      this._schedule(cell.id, this._settings().pauseMs, true);
    }
  }

  /** A cell that an assistant wrote is judged without anybody's asking; whether it is one shows after the pause. */
  private _onAuthor(_: IProvenance, cell: ICellModel): void {
    if (this._watched.has(cell) && this._settings().live && !this._timers.has(cell.id)) {
      this._schedule(cell.id, this._settings().pauseMs, false, () => this._isAssistants(cell));
    }
  }

  private _onGuard(): void {
    const { link, guard, reports } = this._connection.state;
    const latest = reports[reports.length - 1]?.msgId ?? '';
    const wasConnected = this._isConnected;
    this._isConnected = link === 'connected' && guard?.enforced === true;
    if (!this._isConnected || this._isDisposed) {
      return;
    }
    const hasRun = latest !== this._latest;
    this._latest = latest;
    if (!wasConnected && this._settings().live) {
      [...this._codeCells().values()]
        .filter(cell => this._isAssistants(cell))
        .forEach(cell => this._queue.add(cell.id, false));
      void this._work();
    } else if (hasRun && this._settings().live) {
      // What the session knows is more by now.
      [...this._drafts.keys()].slice(-RENEWED).forEach(id => this._schedule(id, 2 * this._settings().pauseMs, false));
    }
  }

  private _isAssistants(cell: ICellModel): boolean {
    return this._provenance?.authorship(cell).author === 'assistant';
  }

  private _schedule(cellId: string, pauseMs: number, isUrgent: boolean, isDue: () => boolean = () => true): void {
    window.clearTimeout(this._timers.get(cellId));
    const timer = window.setTimeout(() => {
      this._timers.delete(cellId);
      if (isDue()) {
        this._queue.add(cellId, isUrgent);
        void this._work();
      }
    }, pauseMs);
    this._timers.set(cellId, timer);
  }

  /** One at a time, so that what is typed now is never behind a queue in the kernel. */
  private async _work(): Promise<void> {
    if (this._isWorking) {
      return;
    }
    this._isWorking = true;
    try {
      for (let id = this._queue.take(); id !== undefined && !this._isDisposed; id = this._queue.take()) {
        await this._judge(id);
      }
    } finally {
      this._isWorking = false;
    }
  }

  private async _judge(cellId: string): Promise<void> {
    const cell = this._codeCells().get(cellId);
    if (!cell) {
      this._drafts.delete(cellId);
      this._reports = null;
      return;
    }
    const code = cell.sharedModel.getSource();
    const answer = await this._connection.vet(this._request(cell, code));
    // A text that has changed meanwhile is waiting already.
    if (answer && !this._isDisposed && code === cell.sharedModel.getSource()) {
      this._keep(cell, code, answer, false);
      this._changed.emit([cell]);
    }
  }

  private _keep(cell: ICellModel, code: string, { report, problem }: IVetted, isOfNotebook: boolean): void {
    const before = this._drafts.get(cell.id);
    const kept = sameReport(before, code, report);
    // The order is that of judging, for what is renewed first.
    this._drafts.delete(cell.id);
    this._drafts.set(cell.id, { code, report: kept, problem, isOfNotebook });
    if (!before || kept !== before.report || this._touched.has(cell.id)) {
      this._touched.add(cell.id);
      this._reports = null;
    }
  }

  private _request(cell: ICellModel, code: string): Parameters<IGuardConnection['vet']>[0] {
    const stored = cell.getMetadata(METADATA_KEY) as JSONValue | undefined;
    const author = this._provenance?.authorship(cell).author ?? 'unknown';
    return { cellId: cell.id, code, author, ...(stored === undefined ? {} : { stored }) };
  }

  private _drafts = new Map<string, IDraft>();
  private _cells: ReadonlyMap<string, ICellModel> | null = null;
  private _reports: readonly IReport[] | null = null;
  /** Cells whose text may be another than the one that was judged. */
  private _touched = new Set<string>();
  private _wanted = new Set<string>();
  private _watched = new WeakSet<ICellModel>();
  private _timers = new Map<string, number>();
  private _queue = new DraftQueue();
  private _isWorking = false;
  private _isConnected = false;
  private _latest = '';
  private _run = 0;
  private _progress: IVetAll | null = null;
  private _isDisposed = false;
  private _changed = new Signal<INotebookVetting, readonly ICellModel[]>(this);
}
