/** Waiting questions -> what the cell would do, and three buttons that only a person can press. */

import * as React from 'react';

import { offer } from '../connection/offers';
import { Choice, IPending } from '../protocol';
import { cellSentence, originPhrase } from '../words';
import { Changes, Code } from './changes';
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
  const [uncounted, setUncounted] = React.useState(0);
  const answer = (choice: Choice, event: React.MouseEvent): void => {
    if (!actions.answer(item.id, choice, event.nativeEvent)) {
      setUncounted(uncounted + 1);
    }
  };
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
      {changes && item.cellId && (
        <Changes {...changes} title={trans.__('What changed since it was last allowed')} />
      )}
      {changes && !item.cellId && <Code code={changes.after} title={trans.__('A program wants to run')} />}
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
        <Answer
          item={item}
          choice="once"
          label={trans.__('Allow once')}
          title={trans.__('Run the cell this time; ask again next time')}
          onAnswer={answer}
        />
        <Answer
          item={item}
          choice="code"
          label={trans.__('Allow this code')}
          title={trans.__('Run the cell, now and later, as long as its code stays the same')}
          onAnswer={answer}
        />
        <Answer
          item={item}
          choice="refuse"
          label={trans.__('Refuse')}
          title={trans.__('Do not run the cell')}
          onAnswer={answer}
        />
      </div>
      {uncounted > 0 && (
        <p className="jg-Quiet jg-Uncounted" role="status" key={uncounted} data-times={uncounted}>
          {trans.__(
            'That did not count: the button was covered, or it or the words above had just come or moved. Look again, then click it, or go to it by Tab and press Enter.'
          )}
        </p>
      )}
    </div>
  );
}

interface IAnswerProps {
  readonly item: IPending;
  readonly choice: Choice;
  readonly label: string;
  readonly title: string;
  onAnswer(choice: Choice, event: React.MouseEvent): void;
}

function Answer({ item, choice, label, title, onAnswer }: IAnswerProps): JSX.Element {
  const button = React.useRef<HTMLButtonElement>(null);
  // At once, before anything else can change what was drawn.
  React.useLayoutEffect(() => (button.current ? offer(button.current, item, choice) : undefined), [item, choice]);
  return (
    <button
      ref={button}
      type="button"
      className={choice === 'refuse' ? 'jg-Answer jg-mod-refuse' : 'jg-Answer'}
      title={title}
      onClick={event => onAnswer(choice, event)}
    >
      {label}
    </button>
  );
}
