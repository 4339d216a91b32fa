/**
 * What travels on the comm `jupyter_guard` and in the card's MIME bundle -> checked values.
 *
 * Everything that comes in is untrusted: a field that is not what the protocol says becomes its empty value, and an
 * item without an identity is dropped, so that no message can throw in the front end.
 */

import { IHappened, parseHappened } from './happened';
import { IGuardStatus, parseStatus } from './standing';
import { count, list, table, text, texts } from './values';

export const COMM_TARGET = 'jupyter_guard';
/** The page's configuration has the server extension's version here, where there is one. */
export const SERVER_OPTION = 'jupyterGuard';
export const MIME_TYPE = 'application/vnd.jupyter-guard.v1+json';
export const METADATA_KEY = 'jupyter_guard';
export const PROTOCOL_VERSION = 1;

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];
export type Verdict = 'allow' | 'warn' | 'confirm' | 'block';
export type Choice = 'once' | 'code' | 'refuse';

export interface ISpan {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface IEffect {
  readonly kind: string;
  readonly target: string;
  readonly scope: string;
  readonly reversible: boolean;
  readonly certainty: string;
  readonly via: string;
  readonly tags: readonly string[];
}

export interface IFinding {
  readonly rule: string;
  readonly family: string;
  readonly severity: Severity;
  readonly confidence: string;
  readonly message: string;
  readonly why: string;
  readonly instead: string;
  readonly span: ISpan;
  readonly verdict: Verdict;
  readonly decidedBy: string;
  readonly effects: readonly IEffect[];
  /** Whether the guard is worth being asked for a safe rewrite. */
  readonly fixable: boolean;
  /** Whether there may be a rewrite that somebody has to read first. */
  readonly offered: boolean;
  /** The qualified name of what the finding is about, where it has no effects. */
  readonly via: string;
}

export interface IReport {
  readonly msgId: string;
  readonly cellId: string;
  readonly sha256: string;
  readonly origin: string;
  readonly verdict: Verdict;
  readonly wouldBe: Verdict;
  readonly state: string;
  readonly sentence: string;
  readonly findings: readonly IFinding[];
  readonly time: string;
  /** What the cell did, once it has ended and somebody wanted to know. */
  readonly happened?: IHappened;
  /** The kernel that ran it was restarted since. */
  readonly isEarlier?: boolean;
}

export interface IPending extends IReport {
  readonly id: string;
  readonly prompt: string;
  /** The guard said that another page is asked: the one that ran the cell. */
  readonly isElsewhere: boolean;
  /** The text of the cell when it last was allowed to run in this kernel, and the one that waits, where they differ. */
  readonly changes: IChanges | null;
}

export interface IChanges {
  readonly before: string;
  readonly after: string;
}

export interface IRedaction {
  readonly msgId: string;
  readonly cellId: string;
  readonly kind: string;
  readonly channel: string;
  readonly count: number;
}

export interface ISnapshot {
  readonly type: 'snapshot';
  /** The guard's public key on this comm. */
  readonly key: string;
  /** Which start of the kernel it is about; empty where the guard does not say. */
  readonly run: string;
  /** Whether the guard takes this comm for the page's own: another one may have been there before. */
  readonly isPages: boolean;
  readonly guard: IGuardStatus;
  readonly reports: readonly IReport[];
  readonly redactions: readonly IRedaction[];
  readonly pending: readonly IPending[];
}

export type GuardMessage =
  | ISnapshot
  | { readonly type: 'standing'; readonly guard: IGuardStatus }
  | { readonly type: 'report'; readonly item: IReport }
  | { readonly type: 'redaction'; readonly item: IRedaction }
  | { readonly type: 'pending'; readonly item: IPending }
  | { readonly type: 'answered'; readonly id: string; readonly choice: string }
  | { readonly type: 'elsewhere' | 'asked'; readonly id: string };

/** The card of one cell, as rendered in its output. */
export interface ICard {
  readonly state: string;
  readonly verdict: Verdict;
  readonly origin: string;
  readonly sentence: string;
  readonly findings: readonly IFinding[];
  /** How many findings beyond those listed. */
  readonly more: number;
  /** What went wrong while the cell was read. */
  readonly problems: readonly string[];
  readonly policy: string;
  readonly who: string;
  /** How what the cell did was not what was foreseen. */
  readonly happened: string;
}

/** A verdict; anything that is not one counts as a block, so that a garbled message never looks harmless. */
function verdict(value: unknown): Verdict {
  return value === 'allow' || value === 'warn' || value === 'confirm' ? value : 'block';
}

function severity(value: unknown): Severity {
  return (SEVERITIES as readonly unknown[]).includes(value) ? (value as Severity) : 'critical';
}

export function parseSpan(value: unknown): ISpan {
  const span = table(value);
  const line = count(span.line, 1);
  const column = count(span.column, 0);
  return { line, column, endLine: count(span.end_line, line), endColumn: count(span.end_column, column) };
}

function parseEffect(value: unknown): IEffect {
  const effect = table(value);
  return {
    kind: text(effect.kind),
    target: text(effect.target),
    scope: text(effect.scope),
    reversible: effect.reversible === true,
    certainty: text(effect.certainty),
    via: text(effect.via),
    tags: texts(effect.tags)
  };
}

function parseFinding(value: unknown): IFinding {
  const finding = table(value);
  return {
    rule: text(finding.rule, 'JG000'),
    family: text(finding.family),
    severity: severity(finding.severity),
    confidence: text(finding.confidence),
    message: text(finding.message),
    why: text(finding.why),
    instead: text(finding.instead),
    span: parseSpan(finding.span),
    verdict: verdict(finding.verdict),
    decidedBy: text(finding.decided_by),
    effects: list(finding.effects).map(parseEffect),
    fixable: finding.fixable === true,
    offered: finding.offered === true,
    via: text(finding.via)
  };
}

export function parseReport(value: unknown): IReport | null {
  const item = table(value);
  const msgId = text(item.msg_id);
  if (!msgId) {
    return null;
  }
  const decided = verdict(item.verdict);
  return {
    msgId,
    cellId: text(item.cell_id),
    sha256: text(item.sha256),
    origin: text(item.origin, 'unknown'),
    verdict: decided,
    wouldBe: item.would_be === undefined ? decided : verdict(item.would_be),
    state: text(item.state, 'ran'),
    sentence: text(item.sentence),
    findings: list(item.findings).map(parseFinding),
    time: text(item.time),
    ...(item.happened === undefined ? {} : { happened: parseHappened(item.happened) })
  };
}

function parsePending(value: unknown): IPending | null {
  const report = parseReport(value);
  const { id, prompt, before, code } = table(value);
  if (!report || !text(id)) {
    return null;
  }
  const changes = typeof before === 'string' && typeof code === 'string' ? { before, after: code } : null;
  return { ...report, id: text(id), prompt: text(prompt), isElsewhere: false, changes };
}

function parseRedaction(value: unknown): IRedaction {
  const item = table(value);
  return {
    msgId: text(item.msg_id),
    cellId: text(item.cell_id),
    kind: text(item.kind, 'secret'),
    channel: text(item.channel),
    count: count(item.count, 1)
  };
}

function present<T>(item: T | null): item is T {
  return item !== null;
}

/** A comm message's data as a message of this protocol, or `null` when it is none. */
export function parseMessage(data: unknown): GuardMessage | null {
  const message = table(data);
  switch (message.type) {
    case 'snapshot':
      return {
        type: 'snapshot',
        key: text(message.key),
        run: text(message.run),
        isPages: message.page !== false,
        guard: parseStatus(message.guard),
        reports: list(message.reports).map(parseReport).filter(present),
        redactions: list(message.redactions).map(parseRedaction),
        pending: list(message.pending).map(parsePending).filter(present)
      };
    case 'standing':
      return { type: 'standing', guard: parseStatus(message.guard) };
    case 'report': {
      const item = parseReport(message.item);
      return item && { type: 'report', item };
    }
    case 'redaction':
      return { type: 'redaction', item: parseRedaction(message.item) };
    case 'pending': {
      const item = parsePending(message.item);
      return item && { type: 'pending', item };
    }
    case 'answered': {
      const id = text(message.id);
      return id ? { type: 'answered', id, choice: text(message.choice) } : null;
    }
    case 'elsewhere':
    case 'asked': {
      const id = text(message.id);
      return id ? { type: message.type, id } : null;
    }
    default:
      return null;
  }
}

/** The card in a MIME bundle. */
export function parseCard(data: unknown): ICard {
  const card = table(data);
  return {
    state: text(card.state, 'blocked'),
    verdict: verdict(card.verdict),
    origin: text(card.origin, 'unknown'),
    sentence: text(card.sentence),
    findings: list(card.findings).map(parseFinding),
    more: count(card.more, 0),
    problems: texts(card.problems),
    policy: text(card.policy),
    who: text(card.who),
    happened: text(card.happened)
  };
}
