/** A finding's place, in lines and code points -> offsets in an editor's text, which counts UTF-16 units. Pure. */

import { ISpan } from '../protocol';

export interface IRange {
  readonly from: number;
  readonly to: number;
}

/** Where `span` is in `text`; whatever it says, the range lies within and holds a character where there is one. */
export function rangeOf(text: string, span: ISpan): IRange {
  const lines = text.split('\n');
  const from = offset(lines, span.line, span.column);
  const to = Math.max(offset(lines, span.endLine, span.endColumn), from);
  if (to > from || text.length === 0) {
    return { from, to };
  }
  // An empty mark cannot be seen: the character after it, or else the one before.
  return from < text.length ? { from, to: from + 1 } : { from: from - 1, to: from };
}

/** The offset of a line (from 1) and column (in code points, from 0); the nearest one where there is none such. */
export function pointOf(text: string, line: number, column: number): number {
  return offset(text.split('\n'), line, column);
}

function offset(lines: readonly string[], line: number, column: number): number {
  const index = clamped(line - 1, lines.length - 1);
  let at = 0;
  for (let before = 0; before < index; before++) {
    at += (lines[before] ?? '').length + 1;
  }
  const text = lines[index] ?? '';
  let units = 0;
  for (let points = clamped(column, text.length); points > 0 && units < text.length; points--) {
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  }
  return at + units;
}

function clamped(value: number, most: number): number {
  return Math.min(Math.max(Math.trunc(value) || 0, 0), Math.max(most, 0));
}
