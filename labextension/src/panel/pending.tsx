/** Waiting questions -> what the cell would do, and three buttons that only a person can press. */

import * as React from 'react';

import { Choice, IPending } from '../protocol';
import { cellSentence, originPhrase } from '../words';
import { cellName, excerptOf, IPanelContext } from './context';
import { Finding } from './findings';
import { Prose } from './prose';

interface IPendingProps {
  readonly pending: readonly IPending[];
  readonly context: IPanelContext;
}

export function Pending({ pending, context }: IPendingProps): JSX.Element {
  const { trans } = context;
  return (
    <section className="jg-Pending" aria-label={trans.__('Waiting for your answer')} aria-live="assertive">
      {pending.map(item => (
        <Question key={item.id} item={item} context={context} />
      ))}
    </section>
  );
}

function Question({ item, context }: { readonly item: IPending; readonly context: IPanelContext }): JSX.Element {
  const { trans } = context;
  const answer = (choice: Choice) => (event: React.MouseEvent) => context.answer(item.id, choice, event.nativeEvent);
  const title = `jg-question-${item.id}`;
  return (
    <div className="jg-Question" role="group" aria-labelledby={title}>
      <h3 id={title} className="jg-Question-title">
        {trans.__('Run this cell?')}
      </h3>
      <button type="button" className="jg-Group-head" onClick={() => context.jump(item.cellId)}>
        <span className="jg-Group-name">{cellName(item.cellId, context)}</span>
        <span className="jg-Group-state">{originPhrase(item.origin, trans)}</span>
        <code className="jg-Group-excerpt">{excerptOf(item.cellId, context)}</code>
      </button>
      <p className="jg-Sentence">
        <Prose text={item.sentence ? cellSentence(item.sentence, trans) : item.prompt} />
      </p>
      <ul className="jg-Findings">
        {item.findings.map((finding, index) => (
          <Finding key={index} finding={finding} cellId={item.cellId} context={context} />
        ))}
      </ul>
      <div className="jg-Answers">
        <button
          type="button"
          className="jg-Answer"
          title={trans.__('Run the cell this time; ask again next time')}
          onClick={answer('once')}
        >
          {trans.__('Allow once')}
        </button>
        <button
          type="button"
          className="jg-Answer"
          title={trans.__('Run the cell, now and later, as long as its code stays the same')}
          onClick={answer('code')}
        >
          {trans.__('Allow this code')}
        </button>
        <button
          type="button"
          className="jg-Answer jg-mod-refuse"
          title={trans.__('Do not run the cell')}
          onClick={answer('refuse')}
        >
          {trans.__('Refuse')}
        </button>
      </div>
    </div>
  );
}
