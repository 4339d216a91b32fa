/** The text that was allowed before and the one that waits -> what is new in it. */

import * as React from 'react';

import { IChanges } from '../protocol';
import { hunks, lineDiff } from './diff';

interface IChangesProps extends IChanges {
  readonly title: string;
}

interface ICodeProps {
  readonly code: string;
  readonly title: string;
}

/** A text that is in no cell of the notebook, where it could be read. */
export function Code({ code, title }: ICodeProps): JSX.Element {
  return (
    <details className="jg-Changes" open>
      <summary>{title}</summary>
      <pre tabIndex={0} role="region" aria-label={title}>
        {code}
      </pre>
    </details>
  );
}

export function Changes({ before, after, title }: IChangesProps): JSX.Element {
  return (
    <details className="jg-Changes" open>
      <summary>{title}</summary>
      <pre tabIndex={0} role="region" aria-label={title}>
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
