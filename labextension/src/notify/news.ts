/** Two states of a notebook's guard -> what a person who does not look at the panel should hear of. Pure. */

import { IPending, IReport } from '../protocol';
import { IGuardState } from '../store';

export interface INews {
  readonly asked: readonly IPending[];
  readonly blocked: readonly IReport[];
  /** Questions that are none any more. */
  readonly settled: readonly string[];
}

/** Only stops and questions, and only new ones: what a snapshot brings after a reload was heard of before. */
export function news(before: IGuardState, after: IGuardState): INews {
  const open = new Set(before.pending.map(item => item.id));
  const left = new Set(after.pending.map(item => item.id));
  const isLive = before.link === 'connected' && after.link === 'connected' && before.reports !== after.reports;
  const known = new Set(isLive ? before.reports.map(report => report.msgId) : []);
  return {
    asked: after.pending.filter(item => !open.has(item.id)),
    blocked: isLive ? after.reports.filter(report => report.state === 'blocked' && !known.has(report.msgId)) : [],
    settled: [...open].filter(id => !left.has(id))
  };
}
