/** Reports with findings -> the list of cells, what each would do and what was said about it. */

import * as React from 'react';

import { severityIcon } from '../icons';
import { IFinding, IReport } from '../protocol';
import { ICellGroup, placeOf } from '../store';
import { cellSentence, draftSentence, originPhrase, place, severityWord, shownState, stateTitle, stateTone, verdictPhrase } from '../words';
import { IVetAll } from '../vetting/token';
import { arranged, count, EVERYTHING, firstGroups } from './arrange';
import { CellIndex, IPanelActions } from './context';
import { More, useMore } from './more';
import { Prose } from './prose';
import { Safer } from './safer';
import { Toolbar } from './toolbar';

interface IFindingsProps {
  readonly groups: readonly ICellGroup[];
  readonly canVet: boolean;
  readonly progress: IVetAll | null;
  /** The cell that was judged last, for those who listen. */
  readonly latest: IReport | undefined;
  readonly cells: CellIndex;
  readonly actions: IPanelActions;
}

/** Drawn again only when what it lists does: most news are about other parts of the panel, or nothing new. */
export const Findings = React.memo(function Findings({
  groups,
  canVet,
  progress,
  latest,
  cells,
  actions
}: IFindingsProps): JSX.Element {
  const { trans } = actions;
  const [query, setQuery] = React.useState(EVERYTHING);
  const all = React.useMemo(() => groups.reduce((sum, group) => sum + group.report.findings.length, 0), [groups]);
  const sections = React.useMemo(
    () =>
      arranged(groups, query, group => {
        const { name, excerpt } = cells.of(group.cellId, group.report.findings[0]?.span.line);
        return `${name} ${excerpt}`;
      }),
    [groups, query, cells]
  );
  const total = React.useMemo(() => count(sections), [sections]);
  // Thousands of groups at once would keep the page from answering.
  const places = sections.reduce((sum, section) => sum + section.groups.length, 0);
  const [most, showMore] = useMore(query, places);
  return (
    <section className="jg-Section" aria-label={trans.__('Findings')}>
      <h3 className="jg-Section-title">
        {trans.__('Findings')}
        <span className="jg-Count">{total === all ? total : trans.__('%1 of %2', total, all)}</span>
      </h3>
      <p className="jg-Live" role="status" aria-live="polite">
        {latest && latest.findings.length > 0
          ? `${cells.of(latest.cellId).name}: ${stateTitle(shownState(latest), trans)}`
          : ''}
      </p>
      <Toolbar query={query} onQuery={setQuery} canVet={canVet} progress={progress} actions={actions} />
      {total === 0 && (
        <p className="jg-Quiet" role="status">
          {all > 0
            ? trans.__('No finding matches.')
            : trans.__('Nothing to report about the cells that were judged so far.')}
        </p>
      )}
      {firstGroups(sections, most).map(section => (
        <React.Fragment key={section.key}>
          {section.key && (
            <h4 className="jg-Section-key">
              {query.groupBy === 'origin' ? originPhrase(section.key, trans) : section.key}
            </h4>
          )}
          <ol className="jg-Groups">
            {section.groups.map(group => (
              <Group
                key={placeOf(group.report)}
                report={group.report}
                {...cells.of(group.cellId, group.report.findings[0]?.span.line)}
                actions={actions}
              />
            ))}
          </ol>
        </React.Fragment>
      ))}
      {places > most && <More rest={places - most} onMore={showMore} actions={actions} />}
    </section>
  );
});

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
          <Prose
            text={report.state === 'draft' ? draftSentence(report.sentence, trans) : cellSentence(report.sentence, trans)}
          />
        </p>
      )}
      <p className="jg-Meta">
        {originPhrase(report.origin, trans)}
        {report.isEarlier && trans.__(' · from before the kernel was restarted')}
        {report.wouldBe !== report.verdict && trans.__(' · would be %1 if enforced', verdictPhrase(report.wouldBe, trans))}
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
  /** Whether somebody is being asked about it: then a safer version is shown at once. */
  readonly isAsked?: boolean;
  readonly actions: IPanelActions;
}

export function Finding({ finding, cellId, isAsked = false, actions }: IFindingProps): JSX.Element {
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
        {(finding.fixable || finding.offered) && cellId && (
          <Safer finding={finding} cellId={cellId} isOpen={isAsked} actions={actions} />
        )}
      </div>
    </li>
  );
}
