/** The journal of the notebook -> what was decided about which cell, when, and who allowed it; asked for when opened. */

import * as React from 'react';

import { IDecision, shortTime, Trail } from '../trail/records';
import { cellSentence, channelPhrase, choicePhrase, originPhrase, stateTitle, stateTone } from '../words';
import { CellIndex, IPanelActions } from './context';
import { Prose } from './prose';

interface ITrailProps {
  /** Changes with every decision. */
  readonly latest: string;
  readonly cells: CellIndex;
  readonly actions: IPanelActions;
}

export function TrailList({ latest, cells, actions }: ITrailProps): JSX.Element {
  const { trans } = actions;
  const [isOpen, setOpen] = React.useState(false);
  const [isAll, setAll] = React.useState(false);
  const [trail, setTrail] = React.useState<Trail | null | undefined>(undefined);
  React.useEffect(() => {
    let isCurrent = isOpen;
    if (isOpen) {
      void actions.trail().then(found => {
        if (isCurrent) {
          setTrail(found);
        }
      });
    }
    return () => {
      isCurrent = false;
    };
  }, [isOpen, latest, actions]);
  return (
    <section className="jg-Section" aria-label={trans.__('Journal')}>
      <details className="jg-Trail" onToggle={event => setOpen(event.currentTarget.open)}>
        <summary className="jg-Section-title">{trans.__('Journal of this notebook')}</summary>
        {isOpen && <Decisions trail={trail} isAll={isAll} onAll={setAll} cells={cells} actions={actions} />}
      </details>
    </section>
  );
}

interface IDecisionsProps extends Omit<ITrailProps, 'latest'> {
  readonly trail: Trail | null | undefined;
  readonly isAll: boolean;
  readonly onAll: (isAll: boolean) => void;
}

function Decisions({ trail, isAll, onAll, cells, actions }: IDecisionsProps): JSX.Element {
  const { trans } = actions;
  if (trail === undefined) {
    return <p className="jg-Quiet">{trans.__('Asking the guard…')}</p>;
  }
  if (!trail || 'problem' in trail) {
    const problem = trail?.problem || trans.__('this guard cannot say it here');
    return <p className="jg-Quiet">{trans.__('The journal cannot be shown: %1.', problem)}</p>;
  }
  const shown = trail.decisions.filter(one => isAll || one.isTelling).reverse();
  const now = new Date();
  return (
    <>
      <label className="jg-Choice">
        <input type="checkbox" checked={isAll} onChange={event => onAll(event.target.checked)} />
        {trans.__('also cells that simply ran')}
      </label>
      {shown.length === 0 && <p className="jg-Quiet">{trans.__('Nothing was stopped, asked about or taken out.')}</p>}
      <ol className="jg-Decisions">
        {shown.map((one, index) => (
          <Decision key={`${one.msgId} ${index}`} decision={one} now={now} cells={cells} actions={actions} />
        ))}
      </ol>
    </>
  );
}

interface IDecisionProps extends Omit<ITrailProps, 'latest'> {
  readonly decision: IDecision;
  readonly now: Date;
}

function Decision({ decision, now, cells, actions }: IDecisionProps): JSX.Element {
  const { trans } = actions;
  const { name, isGone } = cells.of(decision.cellId);
  return (
    <li className={`jg-Decision jg-tone-${stateTone(decision.state)}`}>
      <button
        type="button"
        className="jg-Decision-head"
        disabled={isGone}
        onClick={() => actions.jump(decision.cellId)}
      >
        <time dateTime={decision.time}>{shortTime(decision.time, now)}</time>
        <span className="jg-Group-name">{name}</span>
        <span className="jg-Group-state">{stateTitle(decision.state, trans)}</span>
      </button>
      {decision.sentence && (
        <p>
          <Prose
            text={decision.about ? `${decision.about} ${decision.sentence}.` : cellSentence(decision.sentence, trans)}
          />
        </p>
      )}
      <p className="jg-Meta">{about(decision, actions).join(' · ')}</p>
      {happened(decision, actions).map(words => (
        <p key={words} className="jg-Meta jg-Happened">
          {words}
        </p>
      ))}
    </li>
  );
}

/** What the cell did, beside what was read in it. */
function happened({ happened: { both, foreseen, seen } }: IDecision, { trans }: IPanelActions): string[] {
  const parts = [
    both.length > 0 ? trans.__('Foreseen and seen: %1', both.join(', ')) : '',
    foreseen.length > 0 ? trans.__('Foreseen only: %1', foreseen.join(', ')) : '',
    seen.length > 0 ? trans.__('Seen only: %1', seen.join(', ')) : ''
  ];
  return parts.filter(Boolean);
}

function about(decision: IDecision, { trans }: IPanelActions): string[] {
  const said = [originPhrase(decision.origin, trans), decision.rules.join(', ')];
  for (const { choice, channel } of decision.approvals) {
    said.push([choicePhrase(choice, trans), channelPhrase(channel, trans)].filter(Boolean).join(' '));
  }
  if (decision.redactions > 0) {
    said.push(trans._n('%1 secret taken out', '%1 secrets taken out', decision.redactions));
  }
  said.push(...decision.limits.map(limit => trans.__('limit: %1', limit)));
  if (decision.outcome === 'died') {
    said.push(trans.__('the kernel died'), decision.why);
  } else if (decision.outcome === 'error') {
    said.push(trans.__('ended with an error'));
  }
  if (!decision.isCurrent) {
    said.push(trans.__('an earlier kernel'));
  }
  return said.filter(Boolean);
}
