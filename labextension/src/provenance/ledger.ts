/** Edits of a text -> how each of its characters arrived. Pure. */

/**
 * How a character arrived.
 *
 * `typed`, `pasted`, `dropped`: a person's own event; `completed`: a completion that a person accepted;
 * `inline-completed`: a model's suggestion that a person accepted; `synthetic`: looks like typing, but no event of a
 * person's came before it; `api`: through the editor, but not as input; `program`: past the editor; `kernel`: by
 * code in the kernel; `remote`: another person in the document; `server`: a client without a person; `loaded`: was
 * there when the document was opened.
 */
export type Arrival =
  | 'typed'
  | 'pasted'
  | 'dropped'
  | 'completed'
  | 'inline-completed'
  | 'synthetic'
  | 'api'
  | 'program'
  | 'kernel'
  | 'remote'
  | 'server'
  | 'loaded';

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

/** A text with the arrival of every character; the runs' lengths add up to the text's. */
export interface ILedger {
  readonly text: string;
  readonly runs: readonly IRun[];
}

export function fresh(text: string, arrival: Arrival): ILedger {
  return { text, runs: text ? [{ length: text.length, arrival }] : [] };
}

/** The ledger after a change whose inserted characters arrived as `arrival`. */
export function applied(ledger: ILedger, steps: readonly IStep[], arrival: Arrival): ILedger {
  const runs: IRun[] = [];
  const pieces: string[] = [];
  let at = 0;
  for (const step of steps) {
    if (step.retain) {
      pieces.push(ledger.text.slice(at, at + step.retain));
      slice(ledger.runs, at, at + step.retain).forEach(run => push(runs, run));
      at += step.retain;
    } else if (step.delete) {
      at += step.delete;
    } else if (step.insert) {
      pieces.push(step.insert);
      push(runs, { length: step.insert.length, arrival });
    }
  }
  pieces.push(ledger.text.slice(at));
  slice(ledger.runs, at, ledger.text.length).forEach(run => push(runs, run));
  return { text: pieces.join(''), runs };
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
