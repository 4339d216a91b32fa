/** The page's own events -> when a person last did what. */

import { ITrustedTimes } from './classify';

/** Listens for the whole page, before anything can stop the events. */
export class TrustedInput implements ITrustedTimes {
  constructor() {
    const options = { capture: true, passive: true };
    for (const type of ['keydown', 'beforeinput', 'compositionend', 'input']) {
      window.addEventListener(type, event => this._note(event, 'key'), options);
    }
    // Cutting and pasting may come from a menu, without a key.
    for (const type of ['paste', 'cut']) {
      window.addEventListener(type, event => this._note(event, type === 'paste' ? 'paste' : 'key'), options);
    }
    window.addEventListener('drop', event => this._note(event, 'drop'), options);
    window.addEventListener('pointerdown', event => this._note(event, 'pointer'), options);
    window.addEventListener('click', event => this._note(event, 'pointer'), options);
  }

  get key(): number {
    return this._times.key;
  }

  get paste(): number {
    return this._times.paste;
  }

  get drop(): number {
    return this._times.drop;
  }

  /** Whether a person did anything at all within `ms`. */
  within(ms: number): boolean {
    const { key, paste, drop, pointer } = this._times;
    return performance.now() - Math.max(key, paste, drop, pointer) < ms;
  }

  /** Whether a person's last key or click within `ms` was inside an element that `selector` matches. */
  wasIn(selector: string, ms: number): boolean {
    return this.within(ms) && this.isIn(selector);
  }

  /** Whether a person's last key or click, however long ago, was in an element that `selector` matches. */
  isIn(selector: string): boolean {
    return this._target instanceof Element && this._target.closest(selector) !== null;
  }

  /**
   * Whether a person's last key or click within `ms` can be one that runs cells: typing on in an editor is not, so
   * that a program does not pass for a person by running cells while the person types.
   */
  mayRun(ms: number): boolean {
    return performance.now() - this._ran < ms;
  }

  private _note(event: Event, kind: keyof TrustedInput['_times']): void {
    if (event.isTrusted) {
      this._times[kind] = performance.now();
      this._target = event.target;
      if (event instanceof KeyboardEvent ? isRunKey(event) : kind === 'pointer' && !isEditor(event.target)) {
        this._ran = performance.now();
      }
    }
  }

  private _times = { key: -Infinity, paste: -Infinity, drop: -Infinity, pointer: -Infinity };
  private _target: EventTarget | null = null;
  private _ran = -Infinity;
}

/** A key with a modifier, Enter outside of editors, any key outside of text: people bind running to keys of their own. */
function isRunKey(event: KeyboardEvent): boolean {
  const { target } = event;
  const isText = target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea'));
  const isEnter = event.key === 'Enter' && (event.shiftKey || !isEditor(target));
  return event.type === 'keydown' && (isEnter || event.ctrlKey || event.metaKey || event.altKey || !isText);
}

function isEditor(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('.cm-content') !== null;
}
