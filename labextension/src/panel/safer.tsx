/** A finding -> its rewrite, shown line by line, and a button that puts it into the cell. */

import * as React from 'react';

import { noRewrite } from '../fix/apply';
import { IFinding } from '../protocol';
import { Changes } from './changes';
import { IAlternative, IPanelActions } from './context';

interface ISaferProps {
  readonly finding: IFinding;
  readonly cellId: string;
  /** Whether the rewrite is asked for at once, and not when somebody wants to see it. */
  readonly isOpen: boolean;
  readonly actions: Pick<IPanelActions, 'trans' | 'alternative' | 'apply'>;
}

export function Safer({ finding, cellId, isOpen, actions }: ISaferProps): JSX.Element | null {
  const { trans } = actions;
  const [asked, setAsked] = React.useState(isOpen);
  const [found, setFound] = React.useState<IAlternative | null | undefined>(undefined);
  const [said, setSaid] = React.useState('');
  React.useEffect(() => {
    let isCurrent = asked;
    if (asked) {
      void actions.alternative(cellId, finding).then(alternative => {
        if (isCurrent) {
          setFound(alternative);
        }
      });
    }
    return () => {
      isCurrent = false;
    };
  }, [asked, cellId, finding, actions]);
  if (!asked) {
    return (
      <button type="button" className="jg-Answer jg-Safer-ask" onClick={() => setAsked(true)}>
        {trans.__('Show a safer version')}
      </button>
    );
  }
  if (found === undefined) {
    return <p className="jg-Quiet">{trans.__('Asking the guard…')}</p>;
  }
  if (!found?.fix) {
    // Nobody asked for it where it is shown by itself.
    return isOpen ? null : <p className="jg-Quiet">{noRewrite(found?.problem ?? '', trans)}</p>;
  }
  const title = found.fix.isSafe
    ? trans.__('Safer: %1', found.fix.title)
    : trans.__('Not the same, read it first: %1', found.fix.title);
  const put = (): void =>
    void actions
      .apply(cellId, found)
      .then(isThere => setSaid(isThere ? trans.__('It stands in the cell now.') : noRewrite('', trans)));
  return (
    <div className="jg-Safer">
      <Changes before={found.code} after={found.fix.code} title={title} />
      <button type="button" className="jg-Answer" disabled={said !== ''} onClick={put}>
        {trans.__('Put it into the cell')}
      </button>
      <p className="jg-Quiet" role="status" aria-live="polite">
        {said}
      </p>
    </div>
  );
}
