/** Blanks that an edit puts in or takes out -> whether what stands behind them does something else now. Pure. */

/** A place that an edit changed: from where to where in the text before, and in the text after. */
export interface ISite {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
}

/** What goes to another language, in which blanks part the words of a command. */
const FOREIGN = /^\s*[!%]/;
const WORD = /[\p{L}\p{N}_]/u;

/**
 * Whether an edit takes visible text away and puts none in its place, or begins a line, joins two or indents one anew:
 * the end of a line ends a comment, and an indent says whether a call is under its `if`. Empty lines and blanks at the
 * ends of lines do nothing.
 */
export function changesUnseen(before: string, after: string, { from, to, start, end }: ISite): boolean {
  const taken = before.slice(from, to).trim() !== '';
  const put = after.slice(start, end).trim() !== '';
  return (
    (taken && !put) ||
    lineBreak(before, to) !== lineBreak(after, end) ||
    (!taken && !put && isParted(before, to) !== isParted(after, end))
  );
}

/** The end of a line and the indent before the next visible character, without the empty lines between. */
function lineBreak(text: string, at: number): string {
  const next = nextVisible(text, at);
  const head = text.slice(0, next).trimEnd();
  const gap = text.slice(head.length, next);
  if (next === text.length || (head && !gap.includes('\n'))) {
    return '';
  }
  // A line that is continued is so on the next one only, be that empty.
  return head.endsWith('\\') ? gap : `\n${gap.slice(gap.lastIndexOf('\n') + 1)}`;
}

/** Whether blanks part two characters of a line that are one thing without them: in a word, a string, a command. */
function isParted(text: string, at: number): boolean {
  const next = nextVisible(text, at);
  const head = text.slice(0, next).trimEnd();
  const line = head.slice(head.lastIndexOf('\n') + 1);
  const isOne =
    (WORD.test(head.slice(-1)) && WORD.test(text.charAt(next))) ||
    FOREIGN.test(line) ||
    /^\s*%%/.test(text) ||
    (line.match(/['"]/g) ?? []).length % 2 === 1;
  return isOne && next > head.length;
}

function nextVisible(text: string, at: number): number {
  const rest = text.slice(at);
  return text.length - rest.trimStart().length;
}
