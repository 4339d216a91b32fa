/** The journal of a notebook, as the guard tells it -> decisions, checked. Pure. */

import { IHappened, parseHappened } from '../happened';
import { count, list, table, text, texts } from '../values';

/** One decision and what came of it; there is no code in it. */
export interface IDecision {
  readonly time: string;
  readonly msgId: string;
  readonly cellId: string;
  readonly state: string;
  readonly origin: string;
  readonly sentence: string;
  /** What was judged, where that was not the whole cell. */
  readonly about: string;
  readonly rules: readonly string[];
  readonly approvals: readonly { readonly choice: string; readonly channel: string }[];
  readonly user: string;
  /** The reply's status, or `died`; empty while there is nothing to say. */
  readonly outcome: string;
  readonly why: string;
  readonly redactions: number;
  readonly limits: readonly string[];
  /** Effects, each a kind and a target: read before and seen, only read, only seen. */
  readonly happened: IHappened;
  /** Whether there is more to say than that a cell ran. */
  readonly isTelling: boolean;
  /** Whether it was this kernel, and not one before it. */
  readonly isCurrent: boolean;
}

export type Trail = { readonly decisions: readonly IDecision[] } | { readonly problem: string };

export function parseTrail(answer: string): Trail {
  let found: unknown;
  try {
    found = JSON.parse(answer);
  } catch {
    return { problem: answer };
  }
  const { records, problem } = table(found);
  return Array.isArray(records) ? { decisions: records.map(parseDecision) } : { problem: text(problem) };
}

function parseDecision(value: unknown): IDecision {
  const record = table(value);
  return {
    time: text(record.time),
    msgId: text(record.msg_id),
    cellId: text(record.cell_id),
    state: text(record.state),
    origin: text(record.origin, 'unknown'),
    sentence: text(record.sentence),
    about: text(record.about),
    rules: texts(record.rules),
    approvals: list(record.approvals).map(one => {
      const { choice, channel } = table(one);
      return { choice: text(choice), channel: text(channel) };
    }),
    user: text(record.user),
    outcome: text(record.outcome),
    why: text(record.why),
    redactions: Object.values(table(record.redactions)).reduce<number>((sum, one) => sum + count(one, 0), 0),
    limits: texts(record.limits),
    happened: parseHappened(record.happened),
    isTelling: record.telling === true,
    isCurrent: record.current === true
  };
}

/** A time for a line: the hour of today, the day before that. Both as this machine's clock has them. */
export function shortTime(time: string, now: Date): string {
  const when = new Date(time);
  if (Number.isNaN(when.getTime())) {
    return '';
  }
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  const clock = `${two(when.getHours())}:${two(when.getMinutes())}`;
  return when.toDateString() === now.toDateString() ? clock : `${day} ${clock}`;
}
