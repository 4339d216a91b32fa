/** Edits of a text -> how each of its characters arrived. Pure. */

import { changesUnseen, ISite } from './blanks';

/**
 * How a character arrived.
 *
 * `typed`, `pasted`, `dropped`: a person's own event; `completed`: a completion that a person accepted;
 * `inline-completed`: a model's suggestion that a person accepted; `copied`: pasted, but out of an assistant's chat;
 * `synthetic`: looks like typing, but no event of a person's came before it; `api`: through the editor, but not as
 * input; `program`: past the editor; `kernel`: by code in the kernel; `remote`: another person in the document;
 * `server`: a client without a person; `loaded`: was there when the document was opened.
 */
export const ARRIVALS = [
  'typed',
  'pasted',
  'dropped',
  'completed',
  'inline-completed',
  'copied',
  'synthetic',
  'api',
  'program',
  'kernel',
  'remote',
  'server',
  'loaded'
] as const;

export type Arrival = (typeof ARRIVALS)[number];

/** What a person at this page does, and what was there already: taking text away in these ways leaves no mark. */
const OWN: ReadonlySet<Arrival> = new Set<Arrival>(['typed', 'pasted', 'dropped', 'completed', 'loaded']);

/** A stretch of characters that arrived alike. */
export interface IRun {
  readonly length: number;
  readonly arrival: Arrival;
}

/** One step of a change, as Yjs gives it: exactly one of the three is set. */
export interface IStep {
  readonly retain?: number;
  readonly delete?: number;
  readonly insert?: string;
}

/** All that one edit puts in. */
export function insertedBy(steps: readonly IStep[]): string {
  return steps.map(step => step.insert ?? '').join('');
}

/** A text with the arrival of every character; the runs' lengths add up to the text's. */
export interface ILedger {
  readonly text: string;
  readonly runs: readonly IRun[];
}

export function fresh(text: string, arrival: Arrival): ILedger {
  return { text, runs: text ? [{ length: text.length, arrival }] : [] };
}

/**
 * The ledger after a change whose inserted characters arrived as `arrival`, or as the runs of where they were copied.
 *
 * Taking characters away changes what a text does as well ("DELETE FROM t WHERE id = 3"), and so do the ends of lines
 * and their indents: where a program does so and puts nothing to be seen there, the visible characters on either side
 * become its own.
 */
export function applied(ledger: ILedger, steps: readonly IStep[], arrival: Arrival | readonly IRun[]): ILedger {
  const runs: IRun[] = [];
  const pieces: string[] = [];
  const sites: ISite[] = [];
  let at = 0;
  let length = 0;
  let site: { from: number; start: number } | null = null;
  const close = (): void => {
    if (site) {
      sites.push({ ...site, to: at, end: length });
    }
    site = null;
  };
  const keep = (end: number): void => {
    close();
    pieces.push(ledger.text.slice(at, end));
    slice(ledger.runs, at, end).forEach(run => push(runs, run));
    length += Math.max(0, Math.min(end, ledger.text.length) - at);
    at = end;
  };
  for (const step of steps) {
    if (step.retain) {
      keep(at + step.retain);
    } else if (step.delete) {
      site ??= { from: at, start: length };
      at += step.delete;
    } else if (step.insert) {
      site ??= { from: at, start: length };
      pieces.push(step.insert);
      insertRuns(step.insert, arrival).forEach(run => push(runs, run));
      length += step.insert.length;
    }
  }
  keep(Math.max(at, ledger.text.length));
  const after = { text: pieces.join(''), runs };
  if (typeof arrival !== 'string' || OWN.has(arrival)) {
    return after;
  }
  return scarred(after, sites.filter(one => changesUnseen(ledger.text, after.text, one)), arrival);
}

function insertRuns(text: string, arrival: Arrival | readonly IRun[]): readonly IRun[] {
  if (typeof arrival === 'string') {
    return [{ length: text.length, arrival }];
  }
  const isWhole = arrival.reduce((sum, run) => sum + run.length, 0) === text.length;
  return isWhole ? arrival : [{ length: text.length, arrival: 'program' }];
}

/** The ledger with the nearest visible characters before and after each site marked. */
function scarred(ledger: ILedger, sites: readonly ISite[], arrival: Arrival): ILedger {
  const marked = new Set<number>();
  for (const { start, end } of sites) {
    const before = ledger.text.slice(0, start).trimEnd().length - 1;
    const rest = ledger.text.slice(end);
    const after = end + rest.length - rest.trimStart().length;
    [before, after].filter(one => one >= 0 && one < ledger.text.length).forEach(one => marked.add(one));
  }
  let { runs } = ledger;
  for (const one of marked) {
    const end = ledger.text.length;
    runs = joined(slice(runs, 0, one), [{ length: 1, arrival }], slice(runs, one + 1, end));
  }
  return { text: ledger.text, runs };
}

/**
 * The ledger after the whole text was set anew. What stayed the same at its two ends keeps its arrival: programs
 * often set a cell's whole text to change a word of it.
 */
export function replaced(ledger: ILedger, text: string, arrival: Arrival): ILedger {
  const old = ledger.text;
  const most = Math.min(old.length, text.length);
  let head = 0;
  while (head < most && old[head] === text[head]) {
    head++;
  }
  let tail = 0;
  while (tail < most - head && old[old.length - 1 - tail] === text[text.length - 1 - tail]) {
    tail++;
  }
  return applied(
    ledger,
    [
      { retain: head },
      { insert: text.slice(head, text.length - tail) },
      { delete: old.length - head - tail }
    ],
    arrival
  );
}

/** The runs of the characters from `start` to before `end`. */
export function slice(runs: readonly IRun[], start: number, end: number): IRun[] {
  const found: IRun[] = [];
  let at = 0;
  for (const run of runs) {
    const length = Math.min(at + run.length, end) - Math.max(at, start);
    if (length > 0) {
      found.push({ length, arrival: run.arrival });
    }
    at += run.length;
    if (at >= end) {
      break;
    }
  }
  return found;
}

/**
 * The runs of whole lines that a key took from another place in the same cell, or `null` where they do not stand
 * there. Where they stand more than once, a place that `suspects` counts.
 */
export function carried(ledger: ILedger, inserted: string, suspects: (arrival: Arrival) => boolean): IRun[] | null {
  const text = inserted.trim();
  if (!text) {
    return null;
  }
  let found: IRun[] | null = null;
  for (let at = ledger.text.indexOf(text); at >= 0; at = ledger.text.indexOf(text, at + 1)) {
    const runs = slice(ledger.runs, at, at + text.length);
    if (!isWholeLines(ledger.text, at, at + text.length)) {
      continue;
    }
    if (!found || runs.some(run => suspects(run.arrival))) {
      found = runs;
    }
  }
  const start = inserted.indexOf(text);
  const end = inserted.length - start - text.length;
  return found && joined([{ length: start, arrival: 'typed' }], found, [{ length: end, arrival: 'typed' }]);
}

/** Runs one after the other, neighbours that arrived alike joined. */
export function joined(...parts: readonly (readonly IRun[])[]): IRun[] {
  const runs: IRun[] = [];
  parts.forEach(part => part.forEach(run => push(runs, run)));
  return runs;
}

function push(runs: IRun[], run: IRun): void {
  const last = runs[runs.length - 1];
  if (run.length === 0) {
    return;
  }
  if (last && last.arrival === run.arrival) {
    runs[runs.length - 1] = { length: last.length + run.length, arrival: run.arrival };
  } else {
    runs.push(run);
  }
}

/** How many characters that are not blank arrived in each way; blanks say nothing about an author. */
export function counts(ledger: ILedger): Partial<Record<Arrival, number>> {
  const found: Partial<Record<Arrival, number>> = {};
  let at = 0;
  for (const run of ledger.runs) {
    let visible = 0;
    for (let i = at; i < at + run.length; i++) {
      if (ledger.text.charCodeAt(i) > 32) {
        visible++;
      }
    }
    if (visible) {
      found[run.arrival] = (found[run.arrival] ?? 0) + visible;
    }
    at += run.length;
  }
  return found;
}

/** Whether a piece begins and ends where lines do: a command of a person's ("#rm -r x") may be safe only as a whole. */
export function isWholeLines(text: string, start: number, end: number): boolean {
  const before = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  const newline = text.indexOf('\n', end);
  const after = text.slice(end, newline < 0 ? text.length : newline);
  return !before.trim() && !after.trim();
}
