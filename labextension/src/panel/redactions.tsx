/** Redactions -> which secrets were taken out of which cell's output. */

import * as React from 'react';

import { IRedaction } from '../protocol';
import { kindWords, outputWords } from '../words';
import { CellIndex, IPanelActions } from './context';

interface IRedactionsProps {
  readonly redactions: readonly IRedaction[];
  readonly cells: CellIndex;
  readonly actions: IPanelActions;
}

export function Redactions({ redactions, cells, actions }: IRedactionsProps): JSX.Element | null {
  const { trans } = actions;
  if (redactions.length === 0) {
    return null;
  }
  const total = redactions.reduce((sum, item) => sum + item.count, 0);
  return (
    <section className="jg-Section" aria-label={trans.__('Secrets taken out')}>
      <h3 className="jg-Section-title">
        {trans.__('Secrets taken out')}
        <span className="jg-Count">{total}</span>
      </h3>
      <ul className="jg-Redactions">
        {redactions.map((item, index) => (
          <li key={index}>
            <button type="button" className="jg-Redaction" onClick={() => actions.jump(item.cellId)}>
              <span>{cells.of(item.cellId).name}</span>
              <span className="jg-Redaction-kind">{kindWords(item.kind, trans)}</span>
              {item.count > 1 && <span>× {item.count}</span>}
              <span className="jg-Quiet">{outputWords(item.channel, trans)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
