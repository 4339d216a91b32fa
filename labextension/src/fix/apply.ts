/** A safe rewrite -> put into an editor, as one step that can be undone; nothing runs. */

import { EditorView } from '@codemirror/view';
import { TranslationBundle } from '@jupyterlab/translation';

import { IGuardConnection } from '../connection/token';
import { pointOf } from '../lint/ranges';
import { IFinding } from '../protocol';
import { FIX_EVENT, fixRequest, IFix } from './answer';

/** Whether the text was still the one that the rewrite is of, and is the rewritten one now. */
export function applyFix(view: EditorView, code: string, fix: IFix): boolean {
  const before = view.state.doc.toString();
  if (before !== code) {
    return false;
  }
  const changes = fix.edits.map(({ span, text }) => ({
    from: pointOf(before, span.line, span.column),
    to: pointOf(before, span.endLine, span.endColumn),
    insert: text
  }));
  const transaction = view.state.update({ changes, userEvent: FIX_EVENT });
  if (transaction.newDoc.toString() !== fix.code) {
    return false;
  }
  view.dispatch(transaction);
  return true;
}

/** Ask the guard for the rewrite and put it into the editor; what is wrong in words, empty for no words, else `null`. */
export async function rewrite(
  connection: IGuardConnection,
  view: EditorView,
  code: string,
  above: readonly string[],
  finding: IFinding
): Promise<string | null> {
  const found = await connection.rewrite(fixRequest(code, above, finding));
  if (!found || 'problem' in found) {
    return found?.problem ?? '';
  }
  return applyFix(view, code, found.fix) ? null : '';
}

/** Why nothing was rewritten, as a sentence. */
export function noRewrite(problem: string, trans: TranslationBundle): string {
  return problem
    ? trans.__('Not rewritten: %1.', problem)
    : trans.__('Not rewritten: the cell has changed, or its guard is away.');
}
