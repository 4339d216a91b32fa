/** Reports with findings -> the list of cells, what each would do and what was said about it. */

import * as React from 'react';

import { severityIcon } from '../icons';
import { IFinding, IReport } from '../protocol';
import { ICellGroup, placeOf } from '../store';
import { cellSentence, originPhrase, place, severityWord, stateTitle, stateTone } from '../words';
import { cellName, excerptOf, IPanelContext } from './context';
import { Prose } from './prose';

interface IFindingsProps {
  readonly groups: readonly ICellGroup[];
  /** The cell that was judged last, for those who listen. */
  readonly latest: IReport | undefined;
  readonly context: IPanelContext;
}

export function Findings({ groups, latest, context }: IFindingsProps): JSX.Element {
  const { trans } = context;
  const total = groups.reduce((sum, group) => sum + group.report.findings.length, 0);
  return (
    <section className="jg-Section" aria-label={trans.__('Findings')}>
      <h3 className="jg-Section-title">
        {trans.__('Findings')}
        <span className="jg-Count">{total}</span>
      </h3>
      <p className="jg-Live" role="status" aria-live="polite">
        {latest && latest.findings.length > 0
          ? `${cellName(latest.cellId, context)}: ${stateTitle(latest.state, trans)}`
          : ''}
      </p>
      {groups.length === 0 ? (
        <p className="jg-Quiet">{trans.__('Nothing to report about the cells that ran so far.')}</p>
      ) : (
        <ol className="jg-Groups">
          {groups.map(group => (
            <Group key={placeOf(group.report)} group={group} context={context} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Group({ group, context }: { readonly group: ICellGroup; readonly context: IPanelContext }): JSX.Element {
  const { trans } = context;
  const { report, cellId } = group;
  const excerpt = excerptOf(cellId, context);
  return (
    <li className={`jg-Group jg-tone-${stateTone(report.state)}`} data-cell-id={cellId}>
      <button
        type="button"
        className="jg-Group-head"
        disabled={group.index < 0}
        title={trans.__('Go to the cell')}
        onClick={() => context.jump(cellId)}
      >
        <span className="jg-Group-name">{cellId ? cellName(cellId, context) : trans.__('Outside the notebook')}</span>
        <span className="jg-Group-state">{stateTitle(report.state, trans)}</span>
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
          <Finding key={index} finding={finding} cellId={cellId} context={context} />
        ))}
      </ul>
    </li>
  );
}

interface IFindingProps {
  readonly finding: IFinding;
  readonly cellId: string;
  readonly context: IPanelContext;
}

export function Finding({ finding, cellId, context }: IFindingProps): JSX.Element {
  const { trans } = context;
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
          onClick={() => context.jump(cellId, finding.span.line)}
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
