/** The text that was allowed before and the one that waits -> what is new in it. */

import * as React from 'react';

import { IPanelActions } from './context';
import { hunks, lineDiff } from './diff';

interface IChangesProps {
  readonly before: string;
  readonly after: string;
  readonly actions: IPanelActions;
}

export function Changes({ before, after, actions }: IChangesProps): JSX.Element {
  const { trans } = actions;
  return (
    <details className="jg-Changes" open>
      <summary>{trans.__('What changed since it was last allowed')}</summary>
      <pre>
        {hunks(lineDiff(before, after)).map((line, index) =>
          line ? (
            <span key={index} className={`jg-Changes-line jg-is-${tone(line.sign)}`}>
              {`${line.sign} ${line.text}\n`}
            </span>
          ) : (
            <span key={index} className="jg-Changes-line">
              {'  …\n'}
            </span>
          )
        )}
      </pre>
    </details>
  );
}

function tone(sign: string): string {
  return sign === '+' ? 'added' : sign === '-' ? 'removed' : 'same';
}
