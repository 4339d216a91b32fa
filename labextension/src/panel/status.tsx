/** The guard's own state -> the head of the panel: on or off, which policy, which wall. */

import * as React from 'react';

import { shieldIcon } from '../icons';
import { IGuardStatus } from '../standing';
import { IGuardState } from '../store';
import { IPanelActions } from './context';
import { PolicyText } from './policy';
import { limitWords } from '../words';
import { Prose } from './prose';

interface IStatusProps {
  readonly state: IGuardState;
  /** The guarded kernel to offer in place of an unguarded one, or `null`. */
  readonly twin: { readonly name: string; readonly title: string } | null;
  /** Whether the server has the guard's extension too. */
  readonly isServerGuarded: boolean;
  readonly actions: IPanelActions;
}

export function Status({ state, twin, isServerGuarded, actions }: IStatusProps): JSX.Element {
  const { trans } = actions;
  const { tone, word } = headline(state, actions);
  return (
    <div className={`jg-Status jg-is-${tone}`}>
      <div className="jg-Status-line" role="status" aria-live="polite">
        <span className="jg-Status-shield" aria-hidden="true">
          <shieldIcon.react tag={null} width="20px" height="20px" />
        </span>
        <h2 className="jg-Status-word">{word}</h2>
        {state.kernel && <span className="jg-Status-kernel">{state.kernel}</span>}
      </div>
      {state.guard && state.link !== 'unguarded' && <Facts guard={state.guard} actions={actions} />}
      {state.link === 'connected' && <PolicyText policy={state.guard?.policy ?? ''} actions={actions} />}
      {state.link === 'unguarded' && <Unguarded twin={twin} actions={actions} />}
      {state.link === 'silent' && (
        <p className="jg-Quiet">
          {trans.__('The kernel says that it is guarded, but no guard answers. Treat it as not guarded, or restart it.')}
        </p>
      )}
      {state.link === 'connected' && !state.isPages && (
        <p className="jg-Problem" role="alert">
          {trans.__(
            'Another program in this page spoke to the guard first: what you answer here and what you type does not count as yours. Close the notebook and reload the page; where that does not help, restart the kernel.'
          )}
        </p>
      )}
      {state.link === 'lost' && (
        <p className="jg-Quiet">
          {trans.__('The kernel is away. The list below is from before; it is brought up to date when it is back.')}
        </p>
      )}
      {!isServerGuarded && (
        <p className="jg-Quiet">
          {trans.__(
            "The guard's server extension is missing: what is saved is not looked through for secrets, and what programs write through the server is not marked as theirs. Install jupyter_guard where the server runs, or enable it there: jupyter server extension enable jupyter_guard"
          )}
        </p>
      )}
    </div>
  );
}

function headline(state: IGuardState, { trans }: IPanelActions): { tone: 'on' | 'watch' | 'off'; word: string } {
  switch (state.link) {
    case 'connected':
      if (state.guard?.mode === 'observe') {
        return { tone: 'watch', word: trans.__('Observing') };
      }
      return state.guard?.enforced
        ? { tone: 'on', word: trans.__('Guarded') }
        : { tone: 'watch', word: trans.__('Guarded, cooperatively') };
    case 'connecting':
      return { tone: 'watch', word: trans.__('Asking the guard…') };
    case 'silent':
      return { tone: 'off', word: trans.__('No answer from the guard') };
    case 'lost':
      return { tone: 'off', word: trans.__('Kernel away') };
    case 'unguarded':
      return { tone: 'off', word: trans.__('Not guarded') };
    case 'none':
      return { tone: 'off', word: trans.__('No kernel') };
  }
}

function Facts({ guard, actions }: { readonly guard: IGuardStatus; readonly actions: IPanelActions }): JSX.Element {
  const { trans } = actions;
  const policy = [guard.preset, guard.locked ? trans.__('locked') : '', guard.policy.slice(0, 12)];
  return (
    <dl className="jg-Facts">
      <dt>{trans.__('Policy')}</dt>
      <dd>{policy.filter(Boolean).join(' · ')}</dd>
      <dt>{trans.__('Mode')}</dt>
      <dd>
        {guard.mode === 'observe' ? trans.__('observe: recorded, nothing is stopped') : trans.__('enforce')}
        {!guard.enforced && trans.__(' · code in a cell could switch it off')}
      </dd>
      <dt>{trans.__('Isolation')}</dt>
      <dd>
        {guard.backend === 'none' ? trans.__('none') : guard.backend}
        {guard.missing.length > 0 && (
          <span className="jg-Missing">{trans.__(' · missing: %1', guard.missing.join(', '))}</span>
        )}
      </dd>
      {guard.limits.length > 0 && <dt>{trans.__('Limits')}</dt>}
      {guard.limits.length > 0 && (
        <dd>
          {guard.limits.map(({ name, value, from }, index) => (
            <span key={name} title={from && trans.__('set by %1', from)}>
              {index > 0 && ' · '}
              {limitWords(name, value, trans)}
            </span>
          ))}
        </dd>
      )}
      {guard.privileges !== null && <dt>{trans.__('Privileges')}</dt>}
      {guard.privileges !== null && (
        <dd>{guard.privileges.length > 0 ? guard.privileges.join(' · ') : trans.__('none beyond the usual')}</dd>
      )}
      {guard.problems.length > 0 && <dt>{trans.__('Problems')}</dt>}
      {guard.problems.map((problem, index) => (
        <dd key={index} className="jg-Problem">
          <Prose text={problem} />
        </dd>
      ))}
    </dl>
  );
}

function Unguarded({ twin, actions }: Pick<IStatusProps, 'twin' | 'actions'>): JSX.Element {
  const { trans } = actions;
  return (
    <div className="jg-Unguarded">
      <p>{trans.__('Cells of this notebook run without being looked at, and their output is shown as it is.')}</p>
      {twin ? (
        <button type="button" className="jg-Answer" onClick={() => actions.switchKernel(twin.name)}>
          {trans.__('Switch to %1', twin.title)}
        </button>
      ) : (
        <p className="jg-Quiet">{trans.__('No guarded kernel is installed for this language.')}</p>
      )}
    </div>
  );
}
