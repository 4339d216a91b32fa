/** Findings about a cell -> marks in its editor, each with what to say when it is pointed at. */

import { Diagnostic } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { TranslationBundle } from '@jupyterlab/translation';

import { element, prose } from '../dom';
import { IFinding, IReport } from '../protocol';
import { severityWord, verdictAhead } from '../words';
import { rangeOf } from './ranges';

/** The marks of a report about `code`. What the policy allows and is of no weight has none. */
export function diagnostics(code: string, report: IReport, trans: TranslationBundle): Diagnostic[] {
  return report.findings.filter(isMarked).map(finding => ({
    ...rangeOf(code, finding.span),
    severity: weight(finding),
    message: finding.message,
    renderMessage: () => explanation(finding, trans),
    actions: finding.fix ? [{ name: finding.fix.title || trans.__('Rewrite safely'), apply: fixer(finding) }] : []
  }));
}

function isMarked(finding: IFinding): boolean {
  return finding.verdict !== 'allow' || finding.severity === 'critical' || finding.severity === 'high';
}

function weight(finding: IFinding): Diagnostic['severity'] {
  switch (finding.verdict) {
    case 'block':
      return 'error';
    case 'confirm':
    case 'warn':
      return 'warning';
    case 'allow':
      return 'info';
  }
}

/** Puts the safe rewrite in place, as one step that can be undone; nothing runs. */
function fixer({ fix }: IFinding): (view: EditorView) => void {
  return view => {
    if (fix) {
      view.dispatch({
        changes: { ...rangeOf(view.state.doc.toString(), fix.span), insert: fix.text },
        userEvent: 'input.fix'
      });
    }
  };
}

function explanation(finding: IFinding, trans: TranslationBundle): HTMLElement {
  const ahead = verdictAhead(finding.verdict, trans);
  return element('div', 'jg-Hover', [
    element('div', 'jg-Hover-message', prose(finding.message)),
    finding.why ? element('p', '', prose(finding.why)) : null,
    finding.instead
      ? element('p', '', [element('b', '', [trans.__('Instead: ')]), ...prose(finding.instead)])
      : null,
    element('div', 'jg-Hover-where', [
      [finding.rule, severityWord(finding.severity, trans), ahead].filter(Boolean).join(' · ')
    ])
  ]);
}
