/** A card's values -> the DOM under a cell. */

import { TranslationBundle } from '@jupyterlab/translation';

import { element, prose } from '../dom';
import { severityIcon, shieldIcon } from '../icons';
import { ICard, IFinding } from '../protocol';
import { originPhrase, place, severityWord, stateTitle, stateTone } from '../words';

/** The whole card. */
export function cardView(card: ICard, trans: TranslationBundle): HTMLElement {
  const title = stateTitle(card.state, trans);
  return element(
    'section',
    `jg-Card jg-tone-${stateTone(card.state)}`,
    [
      element('header', 'jg-Card-header', [
        shieldIcon.element({ className: 'jg-Card-shield' }),
        element('span', 'jg-Card-title', [title]),
        element('span', 'jg-Card-origin', [originPhrase(card.origin, trans)])
      ]),
      card.sentence
        ? element('p', 'jg-Card-sentence', [trans.__('It would: '), ...prose(card.sentence)])
        : null,
      card.findings.length
        ? element('ul', 'jg-Card-findings', card.findings.map(finding => findingView(finding, trans)))
        : null,
      footer(card, trans)
    ],
    { role: 'group', 'aria-label': trans.__('Guard: %1', title) }
  );
}

function findingView(finding: IFinding, trans: TranslationBundle): HTMLElement {
  return element('li', `jg-Finding jg-severity-${finding.severity}`, [
    element(
      'span',
      'jg-Finding-icon',
      [severityIcon(finding.severity).element({ width: '16px', height: '16px' })],
      { title: severityWord(finding.severity, trans) }
    ),
    element('div', 'jg-Finding-body', [
      element('div', 'jg-Finding-head', [
        element('span', 'jg-Finding-message', prose(finding.message)),
        element('span', 'jg-Finding-where', [
          `${finding.rule} · ${severityWord(finding.severity, trans)} · ${place(finding, trans)}`
        ])
      ]),
      finding.why ? element('p', 'jg-Finding-why', prose(finding.why)) : null,
      finding.instead
        ? element('p', 'jg-Finding-instead', [
            element('b', '', [trans.__('Instead: ')]),
            ...prose(finding.instead)
          ])
        : null
    ])
  ]);
}

function footer(card: ICard, trans: TranslationBundle): HTMLElement | null {
  if (!card.who && !card.policy) {
    return null;
  }
  return element('footer', 'jg-Card-footer', [
    card.who ? element('span', '', prose(card.who)) : null,
    card.policy ? element('span', 'jg-Card-policy', [trans.__('policy %1', card.policy)]) : null
  ]);
}
