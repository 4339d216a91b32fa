/** A cell and some of its characters -> whether the lines that they stand in can do anything. Pure. */

import { Arrival, ILedger } from './ledger';

/** A call, a shell command, a magic, a decorator, an import, a deletion, a statement of SQL's that changes data. */
const ACTS =
  /[(!%`@?]|\b(import|del|exec|lambda)\b|\b(delete|drop|truncate|update|insert|alter|grant|where|merge|copy)\b/i;

/** The whole of such a cell goes to another language, in which any line can act. */
const CELL_MAGIC = /^\s*%%/;

/**
 * Whether characters that arrived in a way that `concerns` says stand in a line that acts. Comments do not, unless the
 * line's end is what makes it one; a name or a number on the right of an assignment does not by itself either.
 */
export function acts(ledger: ILedger, concerns: (arrival: Arrival) => boolean): boolean {
  const { text } = ledger;
  const isForeign = CELL_MAGIC.test(text);
  let at = 0;
  for (const run of ledger.runs) {
    if (concerns(run.arrival) && text.slice(at, at + run.length).trim()) {
      const start = text.lastIndexOf('\n', at - 1) + 1;
      const newline = text.indexOf('\n', at + run.length - 1);
      const lines = text.slice(start, newline < 0 ? text.length : newline).split('\n');
      if (isForeign || lines.some(line => !line.trimStart().startsWith('#') && ACTS.test(line))) {
        return true;
      }
    }
    at += run.length;
  }
  return false;
}
