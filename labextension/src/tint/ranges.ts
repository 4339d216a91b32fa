/** How a text's characters arrived -> the stretches that a program wrote. Pure. */

import { isProgram } from '../provenance/classify';
import { IRun } from '../provenance/ledger';

export interface IStretch {
  readonly from: number;
  readonly to: number;
}

/** In order, none empty, none beside another. */
export function programStretches(runs: readonly IRun[]): IStretch[] {
  const found: IStretch[] = [];
  let at = 0;
  for (const { length, arrival } of runs) {
    if (isProgram(arrival) && length > 0) {
      const last = found[found.length - 1];
      if (last?.to === at) {
        found[found.length - 1] = { from: last.from, to: at + length };
      } else {
        found.push({ from: at, to: at + length });
      }
    }
    at += length;
  }
  return found;
}
