/** A finding -> what is asked of the guard about rewriting it; the guard's answer -> edits, checked. Pure. */

import { IFinding, ISpan, parseSpan } from '../protocol';
import { list, table, text } from '../values';

/** What the ledger knows these edits by; it counts only with the guard's own word for the text that comes of it. */
export const FIX_EVENT = 'input.fix';

export interface IEdit {
  readonly span: ISpan;
  readonly text: string;
}

/** A rewrite: a safe one keeps what the code does; of others somebody has to see whether that is what was meant. */
export interface IFix {
  readonly title: string;
  /** In the order of the text, none over another. */
  readonly edits: readonly IEdit[];
  /** The whole cell after them. */
  readonly code: string;
  readonly isSafe: boolean;
}

/** A rewrite, or why there is none. */
export type Rewrite = { readonly fix: IFix } | { readonly problem: string };

export interface IFixRequest {
  readonly code: string;
  /** The code cells above it, first to last: what they import and name counts. */
  readonly above: readonly string[];
  readonly rule: string;
  readonly span: ISpan;
  /** What the finding's effects are done by, and what it is about without any, by qualified names. */
  readonly via: readonly string[];
}

export function fixRequest(code: string, above: readonly string[], finding: IFinding): IFixRequest {
  const via = [...new Set([...finding.effects.map(effect => effect.via), finding.via].filter(Boolean))];
  return { code, above, rule: finding.rule, span: finding.span, via };
}

/** The guard's answer, which is JSON, or words when it failed. */
export function parseRewrite(answer: string): Rewrite {
  let found: unknown;
  try {
    found = JSON.parse(answer);
  } catch {
    return { problem: answer };
  }
  const { title, code, edits, problem, safe } = table(found);
  const parsed = list(edits).flatMap(one => {
    const { span, text: inserted } = table(one);
    return typeof inserted === 'string' ? [{ span: parseSpan(span), text: inserted }] : [];
  });
  return typeof code === 'string' && parsed.length > 0
    ? { fix: { title: text(title), code, edits: parsed, isSafe: safe !== false } }
    : { problem: text(problem) };
}
