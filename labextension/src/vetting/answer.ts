/** What the guard answers about cells that nobody has run yet -> checked values. */

import { JSONValue } from '@lumino/coreutils';

import { IReport, parseReport } from '../protocol';

export interface IDraftRequest {
  readonly cellId: string;
  readonly code: string;
  readonly author: string;
  /** What the cell's metadata says about its author; it can only raise. */
  readonly stored?: JSONValue;
  /** The cell's place from 1, when the whole notebook is judged from its first cell. */
  readonly number?: number;
}

export interface IVetted {
  readonly type: 'vetted';
  readonly id: number;
  readonly cellId: string;
  readonly sha256: string;
  /** What the cell would do, or `null`, and then `problem` says why nobody knows. */
  readonly report: IReport | null;
  readonly problem: string;
}

/**
 * What a guard tells beside judging: the policy in words; as JSON, the journal of the notebook and a safe rewrite; which
 * cells are a person's; what cells have changed, and what came of bringing it back.
 */
export const TOLD = ['policy', 'audit', 'fix', 'humans', 'undo'] as const;

export interface ITold {
  readonly type: (typeof TOLD)[number];
  readonly id: number;
  readonly text: string;
}

/**
 * A comm message's data as such an answer, or `null` when it is none. Of what is told `isGuards` says whether the guard
 * itself said it: by a rewrite and by whose cells are known, a program could pass its text off as a person's.
 */
export function parseAnswer(
  data: unknown,
  isGuards: (text: string, proof: unknown) => boolean
): IVetted | ITold | null {
  if (typeof data !== 'object' || data === null) {
    return null;
  }
  const { type, id, cell_id: cell, sha256, problem, item, text, proof } = data as Record<string, unknown>;
  if (typeof id !== 'number') {
    return null;
  }
  const told = TOLD.find(one => one === type);
  if (told) {
    const said = typeof text === 'string' ? text : '';
    return isGuards(`${told} ${id} ${said}`, proof) ? { type: told, id, text: said } : null;
  }
  if (type !== 'vetted') {
    return null;
  }
  const cellId = typeof cell === 'string' ? cell : '';
  const digest = typeof sha256 === 'string' ? sha256 : '';
  const own = { msg_id: `draft:${cellId}`, cell_id: cellId, sha256: digest, state: 'draft' };
  const isItem = typeof item === 'object' && item !== null && !Array.isArray(item);
  return {
    type,
    id,
    cellId,
    sha256: digest,
    report: isItem ? parseReport({ ...item, ...own }) : null,
    problem: typeof problem === 'string' ? problem : ''
  };
}
