/** Waiting questions -> what the cell would do, and three buttons that only a person can press. */

import * as React from 'react';

import { Choice, IPending } from '../protocol';
import { cellSentence, originPhrase } from '../words';
import { Changes } from './changes';
import { CellIndex, IPanelActions } from './context';
import { Finding } from './findings';
import { Prose } from './prose';

interface IPendingProps {
  readonly pending: readonly IPending[];
  readonly cells: CellIndex;
  readonly actions: IPanelActions;
}

export function Pending({ pending, cells, actions }: IPendingProps): JSX.Element {
  const { trans } = actions;
  const section = React.useRef<HTMLElement>(null);
  const latest = pending[pending.length - 1]?.id;
  React.useEffect(() => {
    if (latest) {
      // Somebody who reads further down would not see that a cell waits.
      section.current?.lastElementChild?.scrollIntoView({ block: 'nearest' });
    }
  }, [latest]);
  return (
    <section ref={section} className="jg-Pending" aria-label={trans.__('Waiting for your answer')} aria-live="assertive">
      {pending.map(item => (
        <Question key={item.id} item={item} cells={cells} actions={actions} />
      ))}
    </section>
  );
}

interface IQuestionProps {
  readonly item: IPending;
  readonly cells: CellIndex;
  readonly actions: IPanelActions;
}

function Question({ item, cells, actions }: IQuestionProps): JSX.Element {
  const { trans } = actions;
  const { name, excerpt } = cells.of(item.cellId, item.findings[0]?.span.line);
  const changes = actions.changes(item);
  const answer = (choice: Choice) => (event: React.MouseEvent) => actions.answer(item.id, choice, event.nativeEvent);
  const title = `jg-question-${item.id}`;
  return (
    <div className="jg-Question" role="group" aria-labelledby={title}>
      <h3 id={title} className="jg-Question-title">
        {trans.__('Run this cell?')}
      </h3>
      <button type="button" className="jg-Group-head" onClick={() => actions.jump(item.cellId)}>
        <span className="jg-Group-name">{name}</span>
        <span className="jg-Group-state">{originPhrase(item.origin, trans)}</span>
        {excerpt && <code className="jg-Group-excerpt">{excerpt}</code>}
      </button>
      <p className="jg-Sentence">
        <Prose text={item.sentence ? cellSentence(item.sentence, trans) : item.prompt} />
      </p>
      {changes && <Changes {...changes} title={trans.__('What changed since it was last allowed')} />}
      <ul className="jg-Findings">
        {item.findings.map((finding, index) => (
          <Finding key={index} finding={finding} cellId={item.cellId} isAsked actions={actions} />
        ))}
      </ul>
      {item.isElsewhere && (
        <p className="jg-Quiet" role="status">
          {trans.__('Another page ran this cell and is asked: answer there. If it is closed, answer here again in two seconds.')}
        </p>
      )}
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
