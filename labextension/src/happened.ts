/** What a cell did, beside what was read in it: foreseen and seen, foreseen only, seen only. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { table, texts } from './values';

/** Effects, each a kind and a target with a blank between. */
export interface IHappened {
  readonly both: readonly string[];
  readonly foreseen: readonly string[];
  readonly seen: readonly string[];
}

const SHOWN = 4;

export function parseHappened(value: unknown): IHappened {
  const { both, foreseen, seen } = table(value);
  return { both: texts(both), foreseen: texts(foreseen), seen: texts(seen) };
}

/** How what a cell did was not what was foreseen; empty where it was. */
export function unlikeForeseen({ foreseen, seen }: IHappened, trans: TranslationBundle): string {
  const parts = [
    seen.length > 0 ? trans.__('Seen, not foreseen: %1.', listed(seen, trans)) : '',
    foreseen.length > 0 ? trans.__('Foreseen, not seen: %1.', listed(foreseen, trans)) : ''
  ];
  return parts.filter(Boolean).join(' ');
}

function listed(effects: readonly string[], trans: TranslationBundle): string {
  const shown = effects.slice(0, SHOWN).map(effect => {
    const [kind = '', ...target] = effect.split(' ');
    return `${doing(kind, trans)} \`${target.join(' ')}\``;
  });
  const more = effects.length - shown.length;
  return more > 0 ? trans.__('%1 and %2 more', shown.join(', '), more) : shown.join(', ');
}

function doing(kind: string, trans: TranslationBundle): string {
  switch (kind) {
    case 'file.write':
      return trans.__('writing');
    case 'file.delete':
    case 'data.destroy':
      return trans.__('deleting');
    case 'process.run':
      return trans.__('running');
    case 'process.signal':
      return trans.__('signalling');
    case 'network.connect':
      return trans.__('connecting to');
    case 'network.listen':
      return trans.__('listening on');
    case 'credential.read':
      return trans.__('reading');
    default:
      return kind;
  }
}
