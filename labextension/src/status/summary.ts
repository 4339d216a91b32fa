/** A notebook's guard -> the few words for the status bar. Pure. */

import { TranslationBundle } from '@jupyterlab/translation';

import { IReport, Verdict } from '../protocol';
import { IGuardState } from '../store';

const ORDER: readonly Verdict[] = ['allow', 'warn', 'confirm', 'block'];

export interface ISummary {
  readonly tone: 'on' | 'watch' | 'off';
  readonly text: string;
  /** The strictest verdict among the reports. */
  readonly worst: Verdict;
  readonly title: string;
}

export function worstVerdict(reports: readonly IReport[]): Verdict {
  return reports.reduce<Verdict>(
    (worst, { verdict }) => (ORDER.indexOf(verdict) > ORDER.indexOf(worst) ? verdict : worst),
    'allow'
  );
}

export function summary(state: IGuardState, reports: readonly IReport[], trans: TranslationBundle): ISummary | null {
  const { link, guard, pending } = state;
  if (link === 'none') {
    return null;
  }
  if (link !== 'connected' || !guard) {
    const text = link === 'connecting' ? trans.__('Guard …') : link === 'lost' ? trans.__('Guard away') : trans.__('Not guarded');
    return { tone: 'off', text, worst: 'allow', title: trans.__('Cells of this notebook run without being looked at') };
  }
  const worst = worstVerdict(reports);
  const mode =
    guard.mode === 'observe' ? trans.__('observes') : guard.enforced ? trans.__('enforces') : trans.__('cooperative');
  const parts = [trans.__('Guard %1', mode)];
  if (pending.length > 0) {
    parts.push(trans._n('%1 waits', '%1 wait', pending.length));
  } else if (worst !== 'allow') {
    parts.push(worstWord(worst, trans));
  }
  const backend = guard.backend === 'none' ? trans.__('no isolation') : guard.backend;
  parts.push(backend);
  return {
    tone: guard.mode === 'observe' || !guard.enforced ? 'watch' : 'on',
    text: parts.join(' · '),
    worst,
    title: trans.__('Policy %1; isolation: %2. Click to open the guard panel.', guard.preset || guard.policy, backend)
  };
}

function worstWord(verdict: Verdict, trans: TranslationBundle): string {
  switch (verdict) {
    case 'block':
      return trans.__('stopped a cell');
    case 'confirm':
      return trans.__('asked about a cell');
    default:
      return trans.__('warned');
  }
}
