/** Reports with findings -> the list of cells, what each would do and what was said about it. */

import * as React from 'react';

import { severityIcon } from '../icons';
import { IFinding, IReport } from '../protocol';
import { ICellGroup, placeOf } from '../store';
import { cellSentence, originPhrase, place, severityWord, shownState, stateTitle, stateTone } from '../words';
import { CellIndex, IPanelActions } from './context';
import { Prose } from './prose';

interface IFindingsProps {
  readonly groups: readonly ICellGroup[];
  /** The cell that was judged last, for those who listen. */
  readonly latest: IReport | undefined;
  readonly cells: CellIndex;
  readonly actions: IPanelActions;
}

export function Findings({ groups, latest, cells, actions }: IFindingsProps): JSX.Element {
  const { trans } = actions;
  const total = groups.reduce((sum, group) => sum + group.report.findings.length, 0);
  return (
    <section className="jg-Section" aria-label={trans.__('Findings')}>
      <h3 className="jg-Section-title">
        {trans.__('Findings')}
        <span className="jg-Count">{total}</span>
      </h3>
      <p className="jg-Live" role="status" aria-live="polite">
        {latest && latest.findings.length > 0
          ? `${cells.of(latest.cellId).name}: ${stateTitle(shownState(latest), trans)}`
          : ''}
      </p>
      {groups.length === 0 ? (
        <p className="jg-Quiet">{trans.__('Nothing to report about the cells that ran so far.')}</p>
      ) : (
        <ol className="jg-Groups">
          {groups.map(group => (
            <Group
              key={placeOf(group.report)}
              report={group.report}
              {...cells.of(group.cellId, group.report.findings[0]?.span.line)}
              actions={actions}
            />
          ))}
        </ol>
      )}
    </section>
  );
}

interface IGroupProps {
  readonly report: IReport;
  readonly name: string;
  readonly excerpt: string;
  readonly isGone: boolean;
  readonly actions: IPanelActions;
}

/** Drawn again only when its own values change: a notebook may have thousands of findings. */
const Group = React.memo(function Group({ report, name, excerpt, isGone, actions }: IGroupProps): JSX.Element {
  const { trans } = actions;
  const { cellId } = report;
  return (
    <li className={`jg-Group jg-tone-${stateTone(shownState(report))}`} data-cell-id={cellId}>
      <button
        type="button"
        className="jg-Group-head"
        disabled={isGone}
        title={trans.__('Go to the cell')}
        onClick={() => actions.jump(cellId)}
      >
        <span className="jg-Group-name">{name}</span>
        <span className="jg-Group-state">{stateTitle(shownState(report), trans)}</span>
        {excerpt && <code className="jg-Group-excerpt">{excerpt}</code>}
      </button>
      {report.sentence && (
        <p className="jg-Sentence">
          <Prose text={cellSentence(report.sentence, trans)} />
        </p>
      )}
      <p className="jg-Meta">
        {originPhrase(report.origin, trans)}
        {report.wouldBe !== report.verdict && trans.__(' · would be %1 if enforced', report.wouldBe)}
      </p>
      <ul className="jg-Findings">
        {report.findings.map((finding, index) => (
          <Finding key={index} finding={finding} cellId={cellId} actions={actions} />
        ))}
      </ul>
    </li>
  );
});

interface IFindingProps {
  readonly finding: IFinding;
  readonly cellId: string;
  readonly actions: IPanelActions;
}

export function Finding({ finding, cellId, actions }: IFindingProps): JSX.Element {
  const { trans } = actions;
  const word = severityWord(finding.severity, trans);
  const Icon = severityIcon(finding.severity);
  return (
    <li className={`jg-Finding jg-severity-${finding.severity}`}>
      <span className="jg-Finding-icon" title={word} aria-hidden="true">
        <Icon.react tag={null} width="16px" height="16px" />
      </span>
      <div className="jg-Finding-body">
        <button
          type="button"
          className="jg-Finding-message"
          title={trans.__('Go to %1 of the cell', place(finding, trans))}
          onClick={() => actions.jump(cellId, finding.span.line)}
        >
          <Prose text={finding.message} />
        </button>
        <div className="jg-Finding-where">
          {finding.rule} · {word} · {place(finding, trans)}
        </div>
        {(finding.why || finding.instead) && (
          <details className="jg-Finding-more">
            <summary>{trans.__('Why, and what to do instead')}</summary>
            {finding.why && (
              <p>
                <Prose text={finding.why} />
              </p>
            )}
            {finding.instead && (
              <p>
                <b>{trans.__('Instead: ')}</b>
                <Prose text={finding.instead} />
              </p>
            )}
            {finding.decidedBy && <p className="jg-Meta">{trans.__('decided by %1', finding.decidedBy)}</p>}
          </details>
        )}
      </div>
    </li>
  );
}
