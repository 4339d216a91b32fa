/** Evidence about an edit -> how its characters arrived; a cell's characters -> its author. Pure. */

import { FIX_EVENT } from '../fix/answer';
import { acts } from './acts';
import { Power } from './keys';
import { Arrival, counts, ILedger, IStep } from './ledger';

/** What a person did last, in one editor: when a key was seen there, in the clock of `now`, and what it explains. */
export interface IEditorInput {
  readonly key: number;
  /** Whether these pieces are what a paste, or a drop, of just now brought; it counts once. */
  takeBrought(by: 'paste' | 'drop', inserted: readonly string[]): boolean;
  /** Whether these pieces are what the front end has just read off the clipboard for its own menu; it counts once. */
  takeRead(inserted: readonly string[]): boolean;
  /** Whether the person typed what can be seen of these pieces; what is taken counts once. */
  take(inserted: readonly string[]): boolean;
  /** Whether the person's last key or click, lately, is one that can do that; it counts for one change. */
  takeKey(power: Power): boolean;
}

/** How old a person's event may be to stand for an edit: composing text and slow machines need some time. */
export const EVENT_WINDOW_MS = 1000;

/** How old a person's key or click may be to stand for a command, which is carried out while it is handled. */
export const COMMAND_MS = 300;

/** The pieces that an edit put in, what it took out, and what stands before it on its line. */
export interface IEdit {
  readonly inserted: readonly string[];
  readonly deleted: string;
  readonly line: string;
}

export function editOf(before: ILedger, steps: readonly IStep[]): IEdit {
  let at = 0;
  let deleted = '';
  for (const step of steps) {
    deleted += before.text.slice(at, at + (step.delete ?? 0));
    at += (step.retain ?? 0) + (step.delete ?? 0);
  }
  const first = steps[0]?.retain ?? 0;
  const line = before.text.slice(before.text.lastIndexOf('\n', first - 1) + 1, first);
  return { inserted: steps.flatMap(step => step.insert ?? []), deleted, line };
}

/**
 * An edit that came through the editor. `userEvent` is CodeMirror's annotation (`input.type`, `delete.backward`,
 * `undo` ...), which any program can set: it counts only after a person's event of the same kind in this very editor,
 * and only for as much as that event put in.
 */
export function editorArrival(userEvent: string, edit: IEdit, now: number, own: IEditorInput): Arrival {
  if (userEvent === FIX_EVENT) {
    // Whoever really puts the guard's rewrite there has the guard's word for it, and does not come here.
    return 'synthetic';
  }
  const fresh = (time: number): boolean => now - time < EVENT_WINDOW_MS;
  if (userEvent.startsWith('input.paste')) {
    return own.takeBrought('paste', edit.inserted) ? 'pasted' : 'synthetic';
  }
  if (userEvent.startsWith('input.drop') || userEvent.startsWith('move.drop')) {
    return own.takeBrought('drop', edit.inserted) ? 'dropped' : 'synthetic';
  }
  if (userEvent.startsWith('input.complete')) {
    return isCompletionLike(edit) && own.takeKey('completion') ? 'completed' : 'synthetic';
  }
  if (/^(input|delete|move|indent)\b/.test(userEvent)) {
    return fresh(own.key) && isOwn(edit, own) ? 'typed' : 'synthetic';
  }
  // What these bring back is known by its text, or is nobody's.
  return /^(undo|redo)\b/.test(userEvent) ? 'synthetic' : unsaidArrival(edit, now, own);
}

/** An edit that does not say what it is: the front end's own do not, nor the editor's own keys. */
function unsaidArrival(edit: IEdit, now: number, own: IEditorInput): Arrival {
  if (isCompletionLike(edit) && own.takeKey('choice')) {
    return 'completed';
  }
  if (edit.inserted.length > 0 && own.takeRead(edit.inserted)) {
    return 'pasted';
  }
  const isCut = edit.inserted.length === 0 && own.takeKey('cut');
  return isCut || isEditorKey(edit, now, own) ? 'typed' : 'api';
}

/**
 * What keys type and take away, by their user event: nothing but the person's events before it says whose that is, and
 * not what happens after it.
 */
const TYPING = /^(input|input\.type|input\.type\.compose|delete\.(backward|forward|selection|cut))$/;

export function isTyping(userEvent: string): boolean {
  return TYPING.test(userEvent);
}

/** What shows nothing new needs a key that takes text away or puts in blanks: a program could call that typing. */
function isOwn({ inserted, deleted }: IEdit, own: IEditorInput): boolean {
  const put = inserted.join('');
  if (put.trim()) {
    return own.take(inserted);
  }
  if (put === '') {
    return deleted === '' || own.takeKey('deletion');
  }
  return (
    own.takeKey('blank') ||
    (!put.includes('\n') && own.takeKey('space')) ||
    (deleted.trim() !== '' && own.takeKey('deletion'))
  );
}

/** Whether an edit is a key that moves or copies lines of the cell: what it puts in stays whose it was. */
export function isLineKey(userEvent: string, own: IEditorInput): boolean {
  return /^(move\.line|input\.copyline)\b/.test(userEvent) && own.takeKey('chord');
}

/** Comment marks and blanks: what the editor's own keys insert and take away without saying that it is input. */
const MARKS = /^[\s#/*%-]*$/;

/**
 * Whether an edit without a user event is one of the editor's own keys (toggle comment, indent), and not content. To
 * take a mark away makes a comment act, so that this needs a key that gives commands, for each edit one.
 */
export function isEditorKey({ inserted, deleted }: IEdit, now: number, own: IEditorInput): boolean {
  const text = inserted.join('');
  if (!MARKS.test(text) || !MARKS.test(deleted)) {
    return false;
  }
  return (text !== '' && !text.trim() && !deleted && now - own.key < 100 && own.takeKey('blank')) || own.takeKey('chord');
}

export type CommandKind = 'completion' | 'inline-completion' | 'arrangement' | 'undoing' | 'other';

/** What a JupyterLab command that was just carried out does to text. */
export function commandKind(id: string): CommandKind {
  if (id.startsWith('inline-completer:accept')) {
    return 'inline-completion';
  }
  if (/^completer:(select|invoke)/.test(id)) {
    return 'completion';
  }
  if (/^(notebook|editmenu|documentsearch):.*\b(undo|redo)\b/.test(id)) {
    return 'undoing';
  }
  if (/^(notebook:(split|merge|paste|duplicate|change-cell|move|copy|cut)|documentsearch:replace)/.test(id)) {
    return 'arrangement';
  }
  return 'other';
}

/** A name or a path and what closes or opens after it: in quotes with blanks, else with dashes in its words at most. */
const QUOTED = /^['"]?[\p{L}\p{N}_.~/\\ -]*(\(|\(\)|=|['"]?\]?)$/u;
const BARE = /^(\\ |[\p{L}\p{N}_.~/\\]|(?<=[\p{L}\p{N}_])-)*(\(|\(\)|=|['"]?\]?)$/u;

/** Whether an edit puts in what one completion can: no call, and no second word where the line has not opened a quote. */
export function isCompletionLike({ inserted, line }: IEdit): boolean {
  const text = inserted.join('');
  return text.length <= 120 && (isQuoting(line) || /^['"]/.test(text) ? QUOTED : BARE).test(text);
}

/** Whether a line leaves a quote open. */
function isQuoting(line: string): boolean {
  let open = '';
  for (const [one] of line.matchAll(/\\.|['"]/g)) {
    open = open === one ? '' : open || (one.length === 1 ? one : '');
  }
  return open !== '';
}

const BY_PERSON: readonly Arrival[] = ['typed', 'pasted', 'dropped', 'completed'];
const BY_PROGRAM: readonly Arrival[] = [
  'inline-completed',
  'copied',
  'synthetic',
  'api',
  'program',
  'kernel',
  'server'
];

/** Whether characters that arrived so are a program's. */
export function isProgram(arrival: Arrival): boolean {
  return BY_PROGRAM.includes(arrival);
}

/**
 * So many characters of a program's make the cell an assistant's; fewer do so where their lines act, and elsewhere
 * leave the author open.
 */
const FEW_CHARACTERS = 8;
const SMALL_SHARE = 0.1;
const LOADED_SHARE = 0.2;

export interface IAuthorship {
  readonly author: 'human' | 'assistant' | 'imported' | 'unknown';
  /** Share of the visible characters by arrival, 0 to 1 in thousandths. */
  readonly shares: Readonly<Record<string, number>>;
  /** Share of the visible characters that a person here typed, pasted, dropped or completed, 0 to 1. */
  readonly byPeople: number;
}

/** Who wrote a text, by the characters that can be seen. `null` (nobody watched) is unknown. */
export function authorship(ledger: ILedger | null): IAuthorship {
  if (!ledger) {
    return { author: 'unknown', shares: {}, byPeople: 0 };
  }
  // Several ask after each key.
  const found = known.get(ledger) ?? judged(ledger);
  known.set(ledger, found);
  return found;
}

const known = new WeakMap<ILedger, IAuthorship>();

function judged(ledger: ILedger): IAuthorship {
  const found = counts(ledger);
  const entries = Object.entries(found) as [Arrival, number][];
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) {
    return { author: 'human', shares: {}, byPeople: 0 };
  }
  const sum = (arrivals: readonly Arrival[]): number => arrivals.reduce((all, one) => all + (found[one] ?? 0), 0);
  const share = (count: number): number => Math.round((count / total) * 1000) / 1000;
  const shares = Object.fromEntries(entries.map(([arrival, count]) => [arrival, share(count)]));
  const people = sum(BY_PERSON);
  return { author: author(ledger, sum(BY_PROGRAM), people, total), shares, byPeople: share(people) };
}

function author(ledger: ILedger, program: number, person: number, total: number): IAuthorship['author'] {
  const isSmall = program < FEW_CHARACTERS && program / total < SMALL_SHARE;
  // A few characters of a program's can turn a person's cell into another one ("ls" into "rm").
  if (program > 0 && (!isSmall || acts(ledger, isProgram))) {
    return 'assistant';
  }
  const loaded = counts(ledger).loaded ?? 0;
  if (loaded / total > LOADED_SHARE || (loaded >= FEW_CHARACTERS && acts(ledger, one => one === 'loaded'))) {
    return 'imported';
  }
  return program === 0 && person + loaded === total ? 'human' : 'unknown';
}
