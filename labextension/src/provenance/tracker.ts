/** Changes of the open notebooks' cells -> a ledger for each cell. */

import { ICellModel } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';
import type * as Y from 'yjs';

import { FIX_EVENT } from '../fix/answer';
import { METADATA_KEY } from '../protocol';
import { Afterwards } from './afterwards';
import {
  authorship,
  COMMAND_MS,
  CommandKind,
  editOf,
  editorArrival,
  EVENT_WINDOW_MS,
  IAuthorship,
  isCompletionLike,
  isLineKey,
  isProgram,
  isTyping
} from './classify';
import { Copies } from './copies';
import { explained, Unexplained } from './explain';
import { TrustedInput } from './input';
import { Arrival, applied, carried, fresh, ILedger, insertedBy, IRun, IStep, replaced, slice } from './ledger';
import { TextMemory } from './memory';
import { creator, remoteAuthor } from './remote';
import { decoded, storedOrigin, unvouched } from './stored';
import { IProvenance } from './token';
import { isEditorOrigin, isUndo, stepsOf } from './transaction';

/** The parts of a Yjs-backed cell that provenance reads; other shared models have none and stay unwatched. */
interface IYCell {
  readonly ysource: Y.Text;
  getSource(): string;
}

/** What cells are dragged by. */
const CELL_HANDLE = '.jp-InputPrompt, .jp-InputArea-prompt';

export class ProvenanceTracker implements IProvenance {
  constructor(
    private readonly _input: TrustedInput,
    private readonly _copies: Copies,
    /** What waits there is done before the person's next event counts for anything, and before this is asked anything. */
    private readonly _afterwards: Afterwards,
    /** Whether the guard of a notebook made one text out of another itself, as a safe rewrite. */
    private readonly _isRewrite: (panel: NotebookPanel, before: string, after: string) => boolean = () => false
  ) {}

  get changed(): ISignal<IProvenance, ICellModel> {
    return this._changed;
  }

  /** The ledger of a cell, or `null` when nobody watched it or it missed a change. */
  ledger(cell: ICellModel): ILedger | null {
    this._afterwards.settle();
    const ledger = this._ledgers.get(cell.sharedModel);
    return ledger && ledger.text === cell.sharedModel.getSource() ? ledger : null;
  }

  runs(sharedModel: object): readonly IRun[] {
    this._afterwards.settle();
    return this._ledgers.get(sharedModel)?.runs ?? [];
  }

  authorship(cell: ICellModel): IAuthorship {
    const ledger = this.ledger(cell);
    const found = authorship(ledger);
    const stored = storedOrigin(cell.getMetadata(METADATA_KEY)).author;
    // What was lost track of is no better than what was once known of it.
    return !ledger && (stored === 'assistant' || stored === 'imported') ? { ...found, author: stored } : found;
  }

  /** Watch a notebook's cells, those to come too. */
  track(panel: NotebookPanel): void {
    const cells = panel.content.model?.cells;
    if (!cells) {
      return;
    }
    for (const cell of cells) {
      this._watch(panel, cell, 'loaded');
    }
    cells.changed.connect((_, change) => {
      if (change.type === 'add' || change.type === 'set') {
        change.newValues.forEach(cell => this._watch(panel, cell, 'program'));
      }
    });
  }

  /**
   * After a reload: the guard, which outlived the page, says whose cells it knows to be a person's. Only for these does
   * what the metadata says of a person's characters count; a cell that was changed meanwhile is left as it is.
   */
  vouch(panel: NotebookPanel, isKnown: (sha256: string, cellId: string) => boolean): void {
    this._afterwards.settle();
    for (const cell of panel.content.model?.cells ?? []) {
      const shared = cell.sharedModel;
      const stored = storedOrigin(cell.getMetadata(METADATA_KEY));
      const began = this._began.get(shared);
      if (began && this._ledgers.get(shared) === began && isKnown(String(stored.sha256), cell.id)) {
        const runs = decoded(stored, began.text);
        if (runs) {
          this._began.delete(shared);
          this._set(cell, { text: began.text, runs });
        }
      }
    }
  }

  /** A person copies, cuts or drags a stretch of a cell. */
  noteCopy(shared: object, text: string, start: number, end: number): void {
    this._afterwards.settle();
    const ledger = this._ledgers.get(shared);
    if (ledger && ledger.text.slice(start, end) === text) {
      this._copies.noteCell(text, slice(ledger.runs, start, end));
    }
  }

  /** The front end copies text itself, as its menus do: where it stands in a cell it is as it is there. */
  noteTaken(text: string, cells: Iterable<ICellModel>): void {
    this._copies.noteTaken(text, [...cells].flatMap(cell => this.ledger(cell) ?? []));
  }

  /** A transaction of an editor is being applied; the document hears of it next, before anything else happens. */
  noteTransaction(userEvent: string, editor: Element): void {
    this._userEvent = userEvent;
    this._editor = editor;
  }

  /** Text that code in the kernel asks the front end to put into a new cell. */
  noteKernelText(text: string): void {
    this._kernelTexts.add(text.trim());
  }

  /** A command that a person gave at `since` was carried out: edits from then on may have an explanation now. */
  noteCommand(kind: CommandKind, since: number): void {
    if (kind === 'other') {
      return;
    }
    this._afterwards.settle();
    for (const edit of this._recent.since(since, performance.now())) {
      const isLast = this._ledgers.get(edit.cell.sharedModel) === edit.after;
      const ledger = isLast ? explained(edit, kind, this._memory) : null;
      if (ledger) {
        this._set(edit.cell, ledger);
      }
    }
  }

  private _watch(panel: NotebookPanel, cell: ICellModel, arrival: Arrival): void {
    this._afterwards.settle();
    const shared = cell.sharedModel as unknown as Partial<IYCell>;
    const { ysource } = shared;
    if (!ysource || this._ledgers.has(cell.sharedModel)) {
      return;
    }
    this._begin(panel, cell, ysource, arrival);
    const onChange = (event: Y.YTextEvent, transaction: Y.Transaction): void =>
      this._orLost(cell, () => this._onText(panel, cell, event, transaction));
    ysource.observe(onChange);
    cell.sharedModel.disposed.connect(() => ysource.unobserve(onChange));
  }

  private _orLost(cell: ICellModel, work: () => void): void {
    try {
      work();
    } catch (error) {
      // Without a ledger the author is unknown, which can only raise scrutiny.
      console.error('jupyter-guard: lost track of a cell', error);
      this._ledgers.delete(cell.sharedModel);
    }
  }

  private _begin(panel: NotebookPanel, cell: ICellModel, ysource: Y.Text, arrival: Arrival): void {
    const text = cell.sharedModel.getSource();
    if (arrival === 'loaded') {
      const ledger = unvouched(text, storedOrigin(cell.getMetadata(METADATA_KEY)));
      this._began.set(cell.sharedModel, ledger);
      this._set(cell, ledger);
      return;
    }
    // Commands that bring cells in are told of afterwards; cells that a person drags have none.
    const known = this._input.dragged(CELL_HANDLE, EVENT_WINDOW_MS) ? this._memory.recall(text) : null;
    if (known) {
      this._set(cell, { text, runs: known });
      return;
    }
    const from = this._kernelTexts.delete(text.trim()) ? 'kernel' : creator(panel, ysource);
    this._record(cell, text, from, fresh('', from), [{ insert: text }]);
  }

  private _onText(panel: NotebookPanel, cell: ICellModel, event: Y.YTextEvent, transaction: Y.Transaction): void {
    this._afterwards.settle();
    const before = this._ledgers.get(cell.sharedModel);
    if (!before) {
      return;
    }
    if (transaction.local && isEditorOrigin(transaction.origin)) {
      this._onEditor(panel, cell, before, event);
      return;
    }
    const arrival = transaction.local ? 'program' : remoteAuthor(panel, event);
    const text = cell.sharedModel.getSource();
    // Find and replace changes the document itself.
    const replacing = transaction.local ? this._input.replaced(before.text, text) : null;
    // A program can take back steps as well, to a text that the person did not want to stand there.
    const isPersons = transaction.local && isUndo(transaction.origin) && this._input.mayUndo(transaction, COMMAND_MS);
    const known = isPersons ? this._memory.recall(text) : null;
    if (known) {
      this._set(cell, { text, runs: known });
    } else {
      this._record(cell, text, replacing ? 'typed' : arrival, before, replacing ?? stepsOf(event));
    }
  }

  private _onEditor(panel: NotebookPanel, cell: ICellModel, before: ILedger, event: Y.YTextEvent): void {
    const userEvent = this._userEvent;
    const own = this._input.inEditor(this._editor);
    const now = performance.now();
    const text = cell.sharedModel.getSource();
    this._userEvent = '';
    this._editor = null;
    if (isTyping(userEvent)) {
      // The person's events so far decide, whenever it is reckoned; what it changed, Yjs keeps once JupyterLab has asked.
      const reckon = (): void => {
        const steps = stepsOf(event);
        this._record(cell, text, editorArrival(userEvent, editOf(before, steps), now, own), before, steps);
      };
      this._afterwards.put(() => this._orLost(cell, reckon));
      return;
    }
    const steps = stepsOf(event);
    const inserted = insertedBy(steps);
    const edit = editOf(before, steps);
    const runs = isLineKey(userEvent, own) ? carried(before, inserted, isProgram) : null;
    const arrival =
      runs || this._isGuards(panel, userEvent, before.text, text)
        ? 'completed'
        : editorArrival(userEvent, edit, now, own);
    const isTaken = arrival === 'api' && isCompletionLike(edit) && own.takeKey('completion');
    const isBrought = arrival === 'pasted' || arrival === 'dropped';
    const by = runs ?? (isBrought ? this._copies.arrived(inserted, arrival) : arrival);
    this._record(cell, text, arrival, before, steps, by, isTaken);
  }

  /** A person takes the guard's own rewrite: what it took out was dangerous, what it put in the guard vouches for. */
  private _isGuards(panel: NotebookPanel, userEvent: string, before: string, after: string): boolean {
    return (
      userEvent === FIX_EVENT &&
      this._input.within(EVENT_WINDOW_MS * 5) &&
      this._isRewrite(panel, before, after)
    );
  }

  /** `inserted` says how the new characters count, where they did not all arrive alike. */
  private _record(
    cell: ICellModel,
    text: string,
    arrival: Arrival,
    before: ILedger,
    steps: readonly IStep[],
    inserted: Arrival | readonly IRun[] = arrival,
    isTaken = false
  ): void {
    const isWhole = !steps.some(step => step.retain) && typeof inserted === 'string';
    let after = isWhole ? replaced(before, text, arrival) : applied(before, steps, inserted);
    if (after.text.length !== text.length) {
      after = replaced(before, text, arrival);
    }
    const isExplained = arrival !== 'api' && arrival !== 'program';
    if (!isExplained) {
      this._recent.add({ cell, arrival, before, after, steps, isTaken, time: performance.now() });
    }
    this._set(cell, after, isExplained);
  }

  /** Only what is explained is remembered: text that a program put in comes back as a program's anyway. */
  private _set(cell: ICellModel, ledger: ILedger, remember = true): void {
    this._ledgers.set(cell.sharedModel, ledger);
    if (remember) {
      this._memory.remember(ledger);
    }
    if (!cell.isDisposed) {
      this._changed.emit(cell);
    }
  }

  private _ledgers = new WeakMap<object, ILedger>();
  /** What cells that were in the document began with. */
  private _began = new WeakMap<object, ILedger>();
  private _memory = new TextMemory();
  private _kernelTexts = new Set<string>();
  private _recent = new Unexplained<ICellModel>();
  private _userEvent = '';
  private _editor: Element | null = null;
  private _changed = new Signal<IProvenance, ICellModel>(this);
}
