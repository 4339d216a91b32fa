/** Messages of the guard -> what is known about a notebook's session. Pure: every step gives a new state. */

import { GuardMessage, IPending, IRedaction, IReport, ISnapshot } from './protocol';
import { IGuardStatus } from './standing';

/**
 * How the session stands to a guard: no kernel; a kernel without one; asked and not yet answered; answered; a kernel
 * that claims to be guarded but does not answer; a kernel that went away.
 */
export type Link = 'none' | 'unguarded' | 'connecting' | 'connected' | 'silent' | 'lost';

export interface IGuardState {
  readonly link: Link;
  readonly kernel: string;
  /** Which start of it the guard is of. */
  readonly run: string;
  /** Whether the guard takes this page for the one that answers and knows what a person typed. */
  readonly isPages: boolean;
  readonly guard: IGuardStatus | null;
  /** The latest report of each cell, oldest first. */
  readonly reports: readonly IReport[];
  readonly redactions: readonly IRedaction[];
  readonly pending: readonly IPending[];
}

export const EMPTY_STATE: IGuardState = {
  link: 'none',
  kernel: '',
  run: '',
  isPages: true,
  guard: null,
  reports: [],
  redactions: [],
  pending: []
};

/** Runs without a cell (a console, a program) are kept up to this many, so that a long session stays small. */
const CELLLESS_KEPT = 200;
const REDACTIONS_KEPT = 500;

/** The state after a message. */
export function received(state: IGuardState, message: GuardMessage): IGuardState {
  switch (message.type) {
    case 'snapshot':
      return {
        link: 'connected',
        kernel: state.kernel,
        run: message.run,
        isPages: message.isPages,
        guard: message.guard,
        reports: latest([...earlier(state.reports, state.run !== message.run), ...message.reports]),
        redactions: [...redactionsBefore(state, message), ...message.redactions].reduce(withRedaction, []),
        pending: message.pending
      };
    case 'standing':
      return { ...state, guard: message.guard };
    case 'report':
      return {
        ...state,
        reports: withReport(state.reports, message.item),
        redactions: state.redactions.filter(item => !isOutdated(item, message.item)),
        pending: state.pending.filter(item => item.msgId !== message.item.msgId)
      };
    case 'redaction':
      return { ...state, redactions: withRedaction(state.redactions, message.item) };
    case 'pending':
      return {
        ...state,
        pending: [...state.pending.filter(item => item.id !== message.item.id), message.item]
      };
    case 'asked':
      return state;
    case 'elsewhere':
      return {
        ...state,
        pending: state.pending.map(item => (item.id === message.id ? { ...item, isElsewhere: true } : item))
      };
    case 'answered':
      return { ...state, pending: state.pending.filter(item => item.id !== message.id) };
  }
}

/** The state when the session's relation to a guard changes; what was known is kept until a snapshot replaces it. */
export function linked(state: IGuardState, link: Link, kernel = state.kernel): IGuardState {
  if (link === 'none' || link === 'unguarded') {
    return { ...EMPTY_STATE, link, kernel };
  }
  return { ...state, link, kernel, pending: link === 'connected' ? state.pending : [] };
}

/** What a kernel before this one judged stays on the list until the cell runs again: a restart undoes no finding. */
function earlier(reports: readonly IReport[], isNewRun: boolean): IReport[] {
  return reports.flatMap(item => (item.isEarlier ? [item] : isNewRun ? [{ ...item, isEarlier: true }] : []));
}

/** Secrets that left outputs of before a restart, which still stand in the notebook. */
function redactionsBefore({ redactions }: IGuardState, message: ISnapshot): readonly IRedaction[] {
  const known = new Set(message.redactions.map(item => item.msgId));
  return redactions.filter(item => !known.has(item.msgId)).slice(-REDACTIONS_KEPT);
}

/** A report's place: its cell, or its own request when it has none. */
export function placeOf(item: { readonly cellId: string; readonly msgId: string }): string {
  return item.cellId ? `cell:${item.cellId}` : `request:${item.msgId}`;
}

function withReport(reports: readonly IReport[], item: IReport): IReport[] {
  const { cellId, msgId } = item;
  // No names of places are made: a notebook may have thousands of cells, and reports come with every run.
  const kept = reports.filter(other => (cellId ? other.cellId !== cellId : other.cellId !== '' || other.msgId !== msgId));
  kept.push(item);
  if (!cellId && kept.filter(other => !other.cellId).length > CELLLESS_KEPT) {
    const oldest = kept.findIndex(other => !other.cellId);
    kept.splice(oldest, 1);
  }
  return kept;
}

/** The same for many at once: a snapshot has thousands of cells. */
function latest(reports: readonly IReport[]): IReport[] {
  const kept = new Map<string, IReport>();
  for (const item of reports) {
    const own = placeOf(item);
    kept.delete(own);
    kept.set(own, item);
  }
  let surplus = [...kept.values()].filter(item => !item.cellId).length - CELLLESS_KEPT;
  return [...kept.values()].filter(item => item.cellId !== '' || surplus-- <= 0);
}

/** Redactions of one run, kind and channel are one line with their counts added. */
function withRedaction(redactions: readonly IRedaction[], item: IRedaction): IRedaction[] {
  const kept = redactions.filter(other => !isOutdated(other, item));
  const same = kept.findIndex(
    other => other.msgId === item.msgId && other.kind === item.kind && other.channel === item.channel
  );
  const known = kept[same];
  if (known) {
    kept[same] = { ...known, count: known.count + item.count };
    return kept;
  }
  return [...kept, item];
}

/** A cell that runs again makes what its earlier run left behind outdated. */
function isOutdated(item: IRedaction, newer: { readonly cellId: string; readonly msgId: string }): boolean {
  return item.cellId !== '' && item.cellId === newer.cellId && item.msgId !== newer.msgId;
}

/** What the panel shows of one cell. */
export interface ICellGroup {
  readonly cellId: string;
  /** The cell's place in the notebook from 0, or -1 for one that is not in it (any more). */
  readonly index: number;
  readonly report: IReport;
}

/** Reports with findings, in the notebook's order; runs outside its cells come last. */
export function groups(
  reports: readonly IReport[],
  places: ReadonlyMap<string, { readonly place: number }>
): ICellGroup[] {
  return reports
    .filter(report => report.findings.length > 0)
    .map(report => ({ cellId: report.cellId, index: places.get(report.cellId)?.place ?? -1, report }))
    .sort((a, b) => rank(a.index) - rank(b.index));
}

function rank(index: number): number {
  return index < 0 ? Number.MAX_SAFE_INTEGER : index;
}
