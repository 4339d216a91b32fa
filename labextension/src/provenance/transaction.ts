/** A change of a shared document -> what made it, and what it did to a text. Pure. */

import type * as Y from 'yjs';

import { IStep } from './ledger';

/** The origin that CodeMirror's binding to Yjs gives its own transactions. */
export function isEditorOrigin(origin: unknown): boolean {
  return typeof origin === 'object' && origin !== null && typeof Reflect.get(origin, 'toYPos') === 'function';
}

export function isUndo(origin: unknown): boolean {
  return typeof origin === 'object' && origin !== null && Array.isArray(Reflect.get(origin, 'undoStack'));
}

/**
 * What an event of Yjs did. It reckons that once, when it is asked for the first time, which JupyterLab does in its own
 * observer; it throws where that is after all observers have been told.
 */
export function stepsOf(event: Y.YTextEvent): IStep[] {
  return event.changes.delta.map(step => ({
    ...step,
    insert: typeof step.insert === 'string' ? step.insert : undefined
  })) as IStep[];
}
