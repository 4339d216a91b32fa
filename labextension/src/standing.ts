/** How a guard stands, as its snapshot says -> checked values. Pure. */

import { list, table, text, texts } from './values';

export interface ILimit {
  readonly name: string;
  readonly value: number;
  /** The layer that set it, with file and line. */
  readonly from: string;
}

export interface IGuardStatus {
  readonly mode: string;
  readonly policy: string;
  readonly preset: string;
  readonly locked: boolean;
  readonly backend: string;
  readonly missing: readonly string[];
  readonly enforced: boolean;
  /** What is wrong with the policy's files, if anything. */
  readonly problems: readonly string[];
  readonly limits: readonly ILimit[];
  /** What this kernel may do that others may not, in the guard's words; `null` where the guard does not say. */
  readonly privileges: readonly string[] | null;
}

export function parseStatus(value: unknown): IGuardStatus {
  const guard = table(value);
  const isolation = table(guard.isolation);
  return {
    mode: text(guard.mode, 'enforce'),
    policy: text(guard.policy),
    preset: text(guard.preset),
    locked: guard.locked === true,
    backend: text(isolation.backend, 'none'),
    missing: texts(isolation.missing),
    enforced: guard.enforced === true,
    problems: texts(guard.problems),
    limits: list(guard.limits).flatMap(parseLimit),
    privileges: parsePrivileges(guard.privileges)
  };
}

/** A limit as `[name, value, layer]`. */
function parseLimit(value: unknown): ILimit[] {
  const [name, most, from] = list(value);
  return typeof name === 'string' && typeof most === 'number' && Number.isFinite(most)
    ? [{ name, value: most, from: text(from) }]
    : [];
}

/** Words, or a table of names with what is said of each: `true` for the name alone, `false` for nothing. */
function parsePrivileges(value: unknown): readonly string[] | null {
  if (value === undefined || value === null) {
    return null;
  }
  const named = Object.entries(table(value)).flatMap(([name, said]) =>
    said === true ? [name] : typeof said === 'string' || typeof said === 'number' ? [`${name}: ${said}`] : []
  );
  return [...texts(value), ...named];
}
