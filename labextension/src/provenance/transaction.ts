/** The origin of a change of a shared document -> what made it. Pure. */

/** The origin that CodeMirror's binding to Yjs gives its own transactions. */
export function isEditorOrigin(origin: unknown): boolean {
  return typeof origin === 'object' && origin !== null && typeof Reflect.get(origin, 'toYPos') === 'function';
}

export function isUndo(origin: unknown): boolean {
  return typeof origin === 'object' && origin !== null && Array.isArray(Reflect.get(origin, 'undoStack'));
}
