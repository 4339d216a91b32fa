/** What is known of a cell before it runs -> the line under it. */

import { TranslationBundle } from '@jupyterlab/translation';

import { element, prose } from '../dom';
import { IHappened, unlikeForeseen } from '../happened';
import { shieldIcon } from '../icons';
import { Verdict } from '../protocol';
import { IDraft } from '../vetting/drafts';
import { draftSentence, verdictAhead } from '../words';

/** Under which cells the line stands. */
export type LineScope = 'assistant' | 'all' | 'wanted';

export function isLineShown(scope: LineScope, author: string, isWanted: boolean): boolean {
  return isWanted || scope === 'all' || (scope === 'assistant' && author === 'assistant');
}

export function lineTone(verdict: Verdict | undefined): 'stop' | 'ask' | 'warn' | 'calm' {
  switch (verdict) {
    case 'block':
      return 'stop';
    case 'confirm':
      return 'ask';
    case 'warn':
      return 'warn';
    default:
      return 'calm';
  }
}

/** `happened` is what the cell did when it last ran as it stands: said where that was not what was foreseen. */
export function effectsLine(draft: IDraft, trans: TranslationBundle, happened?: IHappened): HTMLElement {
  const { report, problem } = draft;
  const sentence = report ? draftSentence(report.sentence, trans) : trans.__('Not judged: %1.', problem);
  const ahead = report ? verdictAhead(report.verdict, trans) : '';
  const unlike = happened ? unlikeForeseen(happened, trans) : '';
  return element(
    'div',
    `jg-Effects jg-tone-${lineTone(report?.verdict)}`,
    [
      shieldIcon.element({ className: 'jg-Effects-shield' }),
      element('span', 'jg-Effects-sentence', prose(sentence)),
      ahead ? element('span', 'jg-Effects-ahead', [ahead]) : null,
      unlike ? element('span', 'jg-Effects-happened', prose(unlike)) : null
    ],
    { role: 'note', 'aria-live': 'polite', 'aria-label': trans.__('What this cell would do') }
  );
}
