/** What a cell's metadata says about its characters <-> runs. Read, it can only raise: anybody may have written it. */

import { isProgram } from './classify';
import { ARRIVALS, Arrival, ILedger, IRun, joined } from './ledger';
import { sha256 } from './sha256';

/** A cell with more changes of hand than this is stored by its shares only. */
const MOST_RUNS = 200;

/** The value of `jupyter_guard.origin`, or what an older or a foreign writer left there. */
export interface IStoredOrigin {
  readonly author?: unknown;
  readonly sha256?: unknown;
  readonly runs?: unknown;
}

export function storedOrigin(metadata: unknown): IStoredOrigin {
  const origin: unknown = isObject(metadata) ? metadata.origin : metadata;
  return isObject(origin) ? origin : { author: origin };
}

/** Runs as they are stored: `[["typed", 12], ["program", 3]]`, or `null` when there are too many. */
export function encoded(runs: readonly IRun[]): [Arrival, number][] | null {
  return runs.length > MOST_RUNS ? null : runs.map(run => [run.arrival, run.length]);
}

/** The stored runs, when they are about exactly this text; else `null`. */
export function decoded(stored: IStoredOrigin, text: string): IRun[] | null {
  if (!Array.isArray(stored.runs) || stored.sha256 !== sha256(text)) {
    return null;
  }
  const runs: IRun[] = [];
  for (const item of stored.runs as unknown[]) {
    const [arrival, length] = Array.isArray(item) ? (item as unknown[]) : [];
    if (!isArrival(arrival) || typeof length !== 'number' || !Number.isSafeInteger(length) || length <= 0) {
      return null;
    }
    runs.push({ arrival, length });
  }
  return runs.reduce((sum, run) => sum + run.length, 0) === text.length ? joined(runs) : null;
}

/** A stored ledger as it counts when nobody vouches for it: what it calls a program's stays so, the rest was loaded. */
export function unvouched(text: string, stored: IStoredOrigin): ILedger {
  const runs = decoded(stored, text);
  const loaded: readonly IRun[] = text ? [{ length: text.length, arrival: 'loaded' }] : [];
  if (!runs) {
    return { text, runs: stored.author === 'assistant' ? program(text) : loaded };
  }
  const kept = joined(
    runs.map((run): IRun => (isProgram(run.arrival) ? run : { length: run.length, arrival: 'loaded' }))
  );
  const isAllLoaded = !kept.some(run => isProgram(run.arrival));
  return { text, runs: stored.author === 'assistant' && isAllLoaded ? program(text) : kept };
}

function program(text: string): readonly IRun[] {
  return text ? [{ length: text.length, arrival: 'program' }] : [];
}

function isArrival(value: unknown): value is Arrival {
  return typeof value === 'string' && (ARRIVALS as readonly string[]).includes(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
