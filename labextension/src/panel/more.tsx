/** A long list -> its beginning, which grows by itself when its end comes into sight. */

import * as React from 'react';

import { IPanelActions } from './context';

const STEP = 60;

/** How many places are shown, and how to show more; another `subject` begins anew. */
export function useMore(subject: unknown, places: number): [number, () => void] {
  const [shown, setShown] = React.useState({ subject, most: STEP });
  const most = shown.subject === subject ? shown.most : STEP;
  const more = React.useCallback(
    () => setShown({ subject, most: Math.min(most + STEP, Math.max(places, STEP)) }),
    [subject, most, places]
  );
  return [most, more];
}

interface IMoreProps {
  readonly rest: number;
  readonly onMore: () => void;
  readonly actions: IPanelActions;
}

export function More({ rest, onMore, actions }: IMoreProps): JSX.Element {
  const { trans } = actions;
  const button = React.useRef<HTMLButtonElement>(null);
  React.useEffect(() => {
    const observer = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) {
        onMore();
      }
    });
    if (button.current) {
      observer.observe(button.current);
    }
    return () => observer.disconnect();
  }, [onMore]);
  return (
    <button ref={button} type="button" className="jg-Answer jg-More" onClick={onMore}>
      {trans._n('Show %1 more cell', 'Show %1 more cells', rest)}
    </button>
  );
}
