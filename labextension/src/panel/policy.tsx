/** The policy in force, row by row and with the layer that set what, when somebody wants to see it. */

import * as React from 'react';

import { IPanelActions } from './context';

interface IPolicyTextProps {
  /** What identifies the policy: when it changes, its text is asked for anew. */
  readonly policy: string;
  readonly actions: IPanelActions;
}

export function PolicyText({ policy, actions }: IPolicyTextProps): JSX.Element {
  const { trans } = actions;
  const [isOpen, setOpen] = React.useState(false);
  const [text, setText] = React.useState<string | null>(null);
  React.useEffect(() => {
    let isCurrent = isOpen;
    if (isOpen) {
      void actions.policy().then(found => {
        if (isCurrent) {
          setText(found ?? trans.__('This guard cannot say it here: run %guard policy in a cell.'));
        }
      });
    }
    return () => {
      isCurrent = false;
    };
  }, [isOpen, policy, actions]);
  return (
    <details className="jg-Policy" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('The policy, and which layer set what')}</summary>
      <pre tabIndex={0} role="region" aria-label={trans.__('The policy in force')}>
        {text ?? trans.__('Asking the guard…')}
      </pre>
    </details>
  );
}
