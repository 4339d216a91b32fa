/** A card's values -> the DOM under a cell. */

import { TranslationBundle } from '@jupyterlab/translation';

import { element, prose } from '../dom';
import { severityIcon, shieldIcon } from '../icons';
import { ICard, IFinding } from '../protocol';
import { cellSentence, originPhrase, place, severityWord, stateTitle, stateTone } from '../words';

/** Where what can be done about a finding comes, if anything can. */
export type Place = (finding: IFinding) => HTMLElement | null;

/** The whole card. */
export function cardView(card: ICard, trans: TranslationBundle, placeOf: Place): HTMLElement {
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
      card.sentence ? element('p', 'jg-Card-sentence', prose(cellSentence(card.sentence, trans))) : null,
      card.findings.length
        ? element('ul', 'jg-Card-findings', card.findings.map(finding => findingView(finding, trans, placeOf(finding))))
        : null,
      card.more ? element('p', 'jg-Card-more', [trans._n('and %1 more finding', 'and %1 more findings', card.more)]) : null,
      ...card.problems.map(problem => element('p', 'jg-Card-more', prose(problem))),
      card.happened ? element('p', 'jg-Card-more', prose(card.happened)) : null,
      footer(card, trans)
    ],
    { role: 'group', 'aria-label': trans.__('Guard: %1', title) }
  );
}

function findingView(finding: IFinding, trans: TranslationBundle, rewrite: HTMLElement | null): HTMLElement {
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
        : null,
      rewrite
    ])
  ]);
}

function footer(card: ICard, trans: TranslationBundle): HTMLElement | null {
  if (!card.who && !card.policy) {
    return null;
  }
  return element('footer', 'jg-Card-footer', [
    card.who ? element('span', '', [trans.__('Who can allow it: '), ...prose(card.who)]) : null,
    card.policy ? element('span', 'jg-Card-policy', [trans.__('policy %1', card.policy)]) : null
  ]);
}
