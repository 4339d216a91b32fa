/** Evidence about an edit -> how its characters arrived; a cell's characters -> its author. Pure. */

import { FIX_EVENT } from '../fix/answer';
import { acts } from './acts';
import { Arrival, counts, ILedger } from './ledger';

/** When a person's own event of each kind was last seen, in the clock of `now`. */
export interface ITrustedTimes {
  readonly key: number;
  readonly paste: number;
  readonly drop: number;
}

/** How old a person's event may be to stand for an edit: composing text and slow machines need some time. */
export const EVENT_WINDOW_MS = 1000;

/**
 * An edit that came through the editor. `userEvent` is CodeMirror's annotation (`input.type`, `delete.backward`,
 * `undo` ...), which any program can set: it counts only after a person's event of the same kind.
 */
export function editorArrival(userEvent: string, now: number, trusted: ITrustedTimes): Arrival {
  if (userEvent === FIX_EVENT) {
    // Whoever really puts the guard's rewrite there has the guard's word for it, and does not come here.
    return 'synthetic';
  }
  const fresh = (time: number): boolean => now - time < EVENT_WINDOW_MS;
  if (userEvent.startsWith('input.paste')) {
    return fresh(trusted.paste) ? 'pasted' : 'synthetic';
  }
  if (userEvent.startsWith('input.drop') || userEvent.startsWith('move.drop')) {
    return fresh(trusted.drop) ? 'dropped' : 'synthetic';
  }
  if (userEvent.startsWith('input.complete')) {
    return fresh(trusted.key) ? 'completed' : 'synthetic';
  }
  if (/^(input|delete|move|undo|redo|indent)\b/.test(userEvent)) {
    return fresh(trusted.key) ? 'typed' : 'synthetic';
  }
  return 'api';
}

/** Comment marks and blanks: what the editor's own keys insert without saying that it is input. */
const MARKS = /^[\s#/*%-]*$/;

/** Whether an edit without a user event is one of the editor's own keys (toggle comment, indent), and not content. */
export function isEditorKey(inserted: string, now: number, trusted: ITrustedTimes): boolean {
  return MARKS.test(inserted) && now - trusted.key < 100;
}

export type CommandKind = 'completion' | 'inline-completion' | 'arrangement' | 'other';

/** What a JupyterLab command that was just carried out does to text. */
export function commandKind(id: string): CommandKind {
  if (id.startsWith('inline-completer:accept')) {
    return 'inline-completion';
  }
  if (/^completer:(select|invoke)/.test(id)) {
    return 'completion';
  }
  if (/^(notebook:(split|merge|paste|duplicate|undo|redo|change-cell|move|copy|cut)|documentsearch:replace)/.test(id)) {
    return 'arrangement';
  }
  return 'other';
}

/** Whether text can be what one completion inserts: a name or a path and what closes or opens after it, no call. */
export function isCompletionLike(inserted: string): boolean {
  return inserted.length <= 120 && /^['"]?[\p{L}\p{N}_.~/\\ -]*(\(|\(\)|=|['"]?\]?)$/u.test(inserted);
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
