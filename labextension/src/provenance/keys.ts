/** A key or a click -> what it can do to text, and which command it gives. */

/**
 * What one key or click can do, once: take text away; put in blanks and ends of lines, or a blank alone; give an
 * editor's command, which toggles comments and moves lines; take a completion, from a list that is open or of the
 * kernel's; choose one with the pointer; cut by JupyterLab's own menu.
 */
export type Power = 'deletion' | 'blank' | 'space' | 'chord' | 'completion' | 'choice' | 'cut';

/** How long a key or a click can be the reason for that, in milliseconds. */
export const LASTS: Readonly<Record<Power, number>> = {
  deletion: 1000,
  blank: 1000,
  space: 1000,
  // JupyterLab carries a key's command out just after the editors have let the key pass.
  chord: 100,
  // JupyterLab gives a kernel a second to answer.
  completion: 3000,
  choice: 1000,
  // The browser may ask first whether the clipboard may be used.
  cut: 10_000
};

/** The parts of a `KeyboardEvent` that count. */
export interface IKey {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

const MODIFIERS = /^(Control|Meta|Alt|AltGraph|Shift)$/;

export function isModifier({ key }: IKey): boolean {
  return MODIFIERS.test(key);
}

/** What a key can do in an editor; in one with modes (vim) any key can do most of it. */
export function powers(event: IKey, hasModes: boolean): ReadonlySet<Power> {
  const { key } = event;
  const isGiving = isChord(event);
  const isLine = key === 'Enter' && !event.shiftKey && !isModified(event);
  const can: readonly [Power, boolean][] = [
    ['deletion', /^(Backspace|Delete|Tab)$/.test(key) || isGiving || hasModes],
    // A blank alone says so itself, before it is put in.
    ['blank', isLine || key === 'Tab' || isGiving || hasModes],
    ['chord', isGiving],
    ['completion', isLine || key === 'Tab' || (isGiving && key === ' ')]
  ];
  return new Set(can.filter(([, does]) => does).map(([power]) => power));
}

/** A key with a modifier, and not the modifier alone; with Enter they run cells. */
function isChord(event: IKey): boolean {
  return isModified(event) && !isModifier(event) && event.key !== 'Enter';
}

function isModified({ ctrlKey, metaKey, altKey }: IKey): boolean {
  return ctrlKey || metaKey || altKey;
}

/** A key with a modifier, Enter outside of editors, any key outside of text: people bind running to keys of their own. */
export function isRunKey(event: KeyboardEvent): boolean {
  const { target } = event;
  const isEnter = event.key === 'Enter' && (event.shiftKey || !editorOf(target));
  return event.type === 'keydown' && (isEnter || isModified(event) || !isText(target));
}

/** Ctrl+Z, Ctrl+Y and the like; in the notebook's command mode Z alone. */
export function isUndo(event: KeyboardEvent): boolean {
  return /^[zy]$/i.test(event.key) && (event.ctrlKey || event.metaKey || !isText(event.target));
}

function isText(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea'));
}

/** What an editor shows, if `target` is in one. */
export function editorOf(target: EventTarget | null): Element | null {
  const element = target instanceof Element ? target : target instanceof Node ? target.parentElement : null;
  return element?.closest('.cm-content') ?? null;
}

/** The list of completions. */
const COMPLETER = '.jp-Completer';

export function isChoice(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(COMPLETER) !== null;
}

const ITEM = '[data-command]';
const LISTS = '.lm-Menu, .lm-MenuBar, .lm-CommandPalette';
/** An item of an open menu, or of the palette, that the keyboard has gone to; a bar's menus stand elsewhere. */
const MARKED = `:is(.lm-Menu, .lm-CommandPalette) .lm-mod-active${ITEM}`;

/** The command that a click on a menu, the palette or a button gives, or Enter on what is marked there; else ''. */
export function commandAt(event: Event): string {
  const { target, type } = event;
  if (!(target instanceof Element)) {
    return '';
  }
  const isEnter = event instanceof KeyboardEvent && type === 'keydown' && event.key === 'Enter' && target.closest(LISTS);
  const marked = isEnter ? [...document.querySelectorAll(MARKED)].pop() : null;
  const item = marked ?? (isEnter || type === 'pointerup' ? target.closest(ITEM) : null);
  return item?.getAttribute('data-command') ?? '';
}
