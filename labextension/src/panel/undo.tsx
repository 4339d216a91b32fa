/** What assistants' cells have changed in the workspace, asked for when opened -> each step, and a way back for all or one. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IChangedFile, IStep, IWanted, sizeWords, Steps } from '../undo/steps';
import { originPhrase } from '../words';
import { IPanelActions } from './context';

interface IUndoProps {
  /** Changes with every decision. */
  readonly latest: string;
  readonly actions: IPanelActions;
}

/** What the guard said last; with `wanted`, what it asks about before it brings that back over newer work. */
interface IAnswer {
  readonly words: string;
  readonly wanted?: IWanted;
}

export function UndoList({ latest, actions }: IUndoProps): JSX.Element {
  const { trans } = actions;
  const [isOpen, setOpen] = React.useState(false);
  const [steps, setSteps] = React.useState<Steps | null | undefined>(undefined);
  const [answer, setAnswer] = React.useState<IAnswer | null>(null);
  React.useEffect(() => {
    let isCurrent = isOpen;
    if (isOpen) {
      void actions.files.steps().then(found => {
        if (isCurrent) {
          setSteps(found);
        }
      });
    }
    return () => {
      isCurrent = false;
    };
  }, [isOpen, latest, answer, actions]);
  const bringBack = (wanted: IWanted, event: React.MouseEvent): void => {
    void actions.files.bringBack(wanted, event.nativeEvent).then(came => {
      if (came === null) {
        setAnswer({ words: trans.__('Nobody answered.') });
      } else {
        setAnswer('newer' in came ? { words: came.newer, wanted } : { words: came.said });
      }
    });
  };
  return (
    <section className="jg-Section" aria-label={trans.__('Changed files')}>
      <details className="jg-Trail jg-Undo" onToggle={event => setOpen(event.currentTarget.open)}>
        <summary className="jg-Section-title">{trans.__('Files that cells have changed')}</summary>
        {answer && (
          <div className="jg-Undo-answer" role="status">
            <p>{answer.wanted ? trans.__('Not done yet. It %1.', answer.words) : answer.words}</p>
            {answer.wanted && <Over wanted={answer.wanted} onUndo={bringBack} trans={trans} />}
          </div>
        )}
        {isOpen && <StepList steps={steps} onUndo={bringBack} trans={trans} />}
      </details>
    </section>
  );
}

interface IStepsProps {
  readonly steps: Steps | null | undefined;
  readonly onUndo: (wanted: IWanted, event: React.MouseEvent) => void;
  readonly trans: TranslationBundle;
}

interface IOverProps extends Omit<IStepsProps, 'steps'> {
  readonly wanted: IWanted;
}

function Over({ wanted, onUndo, trans }: IOverProps): JSX.Element {
  return (
    <button type="button" className="jg-Answer" onClick={event => onUndo({ ...wanted, over: true }, event)}>
      {trans.__('Bring it back over the newer work')}
    </button>
  );
}

function StepList({ steps, onUndo, trans }: IStepsProps): JSX.Element {
  if (steps === undefined) {
    return <p className="jg-Quiet">{trans.__('Asking the guard…')}</p>;
  }
  if (!steps || 'problem' in steps) {
    return <p className="jg-Quiet">{steps?.problem || trans.__('This guard cannot say it here.')}</p>;
  }
  if (steps.steps.length === 0) {
    return <p className="jg-Quiet">{trans.__('No cell has changed anything here that was set aside.')}</p>;
  }
  return (
    <ol className="jg-Decisions">
      {steps.steps.map(step => (
        <li key={step.step} className="jg-Decision">
          <p>
            <span className="jg-Group-name">{stepTitle(step, trans)}</span>{' '}
            <button type="button" className="jg-Answer" onClick={event => onUndo({ step: step.step }, event)}>
              {trans.__('Bring all back')}
            </button>
          </p>
          {step.code && <p className="jg-Meta">{step.code}</p>}
          <ul className="jg-Undo-files">
            {step.files.map(file => (
              <li key={file.path}>
                <span>{fileWords(file, trans)}</span>{' '}
                <button
                  type="button"
                  className="jg-Answer"
                  aria-label={trans.__('Bring %1 back', file.path)}
                  onClick={event => onUndo({ step: step.step, path: file.path }, event)}
                >
                  {trans.__('Bring back')}
                </button>
              </li>
            ))}
          </ul>
          {step.more > 0 && <p className="jg-Meta">{trans._n('and %1 more', 'and %1 more', step.more)}</p>}
        </li>
      ))}
    </ol>
  );
}

function stepTitle(step: IStep, trans: TranslationBundle): string {
  return step.origin === 'undo'
    ? trans.__('What an undo replaced')
    : trans.__('Run %1, %2', String(step.cell), originPhrase(step.origin, trans));
}

function fileWords(file: IChangedFile, trans: TranslationBundle): string {
  const name = file.isFolder ? `${file.path}/` : file.path;
  switch (file.kind) {
    case 'created':
      return file.isFolder ? trans.__('%1 created', name) : trans.__('%1 created (%2)', name, sizeWords(file.after));
    case 'deleted':
      return file.isFolder ? trans.__('%1 deleted', name) : trans.__('%1 deleted (%2)', name, sizeWords(file.before));
    case 'changed':
      return trans.__('%1 changed (%2 before, %3 after)', name, sizeWords(file.before), sizeWords(file.after));
  }
}
