/** What cells have changed in the workspace, as the guard tells it -> steps, checked. Pure. */

import { count, list, table, text } from '../values';

export interface IChangedFile {
  readonly path: string;
  readonly kind: 'created' | 'changed' | 'deleted';
  readonly isFolder: boolean;
  /** Bytes. */
  readonly before: number;
  readonly after: number;
}

export interface IStep {
  readonly step: number;
  /** The execution count of its cell; 0 for what an undo has changed itself. */
  readonly cell: number;
  readonly origin: string;
  readonly code: string;
  readonly files: readonly IChangedFile[];
  /** How many files beyond those listed. */
  readonly more: number;
}

export type Steps = { readonly steps: readonly IStep[] } | { readonly problem: string };

/** All of a step, or the file at `path`. */
export interface IWanted {
  readonly step: number;
  readonly path?: string;
  /** Also over newer work, which the person was asked about. */
  readonly over?: boolean;
}

/** What came of bringing something back, or `newer`: nothing yet, because somebody has worked on it since. */
export type BroughtBack = { readonly said: string } | { readonly newer: string };

export interface IChangedFiles {
  /** What cells have changed, step by step, the latest first; `null` when nobody answers. */
  steps(): Promise<Steps | null>;
  /** Bring something back. `event` must be the browser's own, of a click that is being handled; `null` otherwise. */
  bringBack(wanted: IWanted, event: Event): Promise<BroughtBack | null>;
}

export function parseBroughtBack(answer: string): BroughtBack {
  let found: unknown;
  try {
    found = JSON.parse(answer);
  } catch {
    return { said: answer };
  }
  const { said, newer } = table(found);
  return typeof newer === 'string' ? { newer } : { said: text(said, answer) };
}

export function parseSteps(answer: string): Steps {
  let found: unknown;
  try {
    found = JSON.parse(answer);
  } catch {
    return { problem: answer };
  }
  const { steps } = table(found);
  return Array.isArray(steps) ? { steps: steps.map(parseStep) } : { problem: answer };
}

function parseStep(value: unknown): IStep {
  const step = table(value);
  return {
    step: count(step.step, 0),
    cell: count(step.cell, 0),
    origin: text(step.origin, 'unknown'),
    code: text(step.code),
    files: list(step.files).map(parseFile),
    more: count(step.more, 0)
  };
}

function parseFile(value: unknown): IChangedFile {
  const file = table(value);
  const kind = file.kind === 'created' || file.kind === 'deleted' ? file.kind : 'changed';
  return {
    path: text(file.path),
    kind,
    isFolder: file.folder === true,
    before: count(file.before, 0),
    after: count(file.after, 0)
  };
}

/** A number of bytes as people read it. */
export function sizeWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let at = 0;
  while (bytes >= 1000 && at < units.length - 1) {
    bytes /= 1000;
    at++;
  }
  return `${at === 0 ? bytes : bytes.toFixed(1)} ${units[at] ?? ''}`;
}
