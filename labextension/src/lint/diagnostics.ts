/** Findings about a cell -> marks in its editor, each with what to say when it is pointed at. */

import { Diagnostic } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { TranslationBundle } from '@jupyterlab/translation';

import { element, prose } from '../dom';
import { IFinding, IReport } from '../protocol';
import { severityWord, verdictAhead } from '../words';
import { rangeOf } from './ranges';

/** Asks for the safe rewrite of a finding in `code`, and puts it into the editor. */
export type Fixer = (view: EditorView, code: string, finding: IFinding) => void;

/** The marks of a report about `code`. What the policy allows and is of no weight has none. */
export function diagnostics(code: string, report: IReport, trans: TranslationBundle, fixer: Fixer): Diagnostic[] {
  return report.findings.filter(isMarked).map(finding => ({
    ...rangeOf(code, finding.span),
    severity: weight(finding),
    message: finding.message,
    renderMessage: () => explanation(finding, trans),
    actions: finding.fixable
      ? [{ name: trans.__('Rewrite safely'), apply: (view: EditorView) => fixer(view, code, finding) }]
      : []
  }));
}

/** What would not even draw a warning is marked where it weighs something, can be mended here or is about practice. */
function isMarked({ verdict, severity, fixable, family }: IFinding): boolean {
  return (
    verdict !== 'allow' ||
    severity === 'critical' ||
    severity === 'high' ||
    (fixable && severity === 'medium') ||
    family === 'practice'
  );
}

function weight(finding: IFinding): Diagnostic['severity'] {
  switch (finding.verdict) {
    case 'block':
      return 'error';
    case 'confirm':
    case 'warn':
      return 'warning';
    case 'allow':
      return finding.severity === 'medium' || finding.family === 'practice' ? 'hint' : 'info';
  }
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
