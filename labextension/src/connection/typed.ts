/** Keys in a cell's input box -> whether a person typed what is sent from it. */

import { Hand } from './hand';

const BOX = '.jp-Stdin-input';
/** The reply is sent while the key is handled. */
const AT_ONCE_MS = 500;

export class TypedAnswers {
  constructor() {
    const options = { capture: true, passive: true };
    window.addEventListener('input', event => this._onInput(event), options);
    window.addEventListener('keydown', event => this._onKey(event), options);
  }

  /** Whether a person has just entered this text, every key of it, which counts once: a program may have put it there. */
  take(value: string): boolean {
    const isTheirs = this._entered === value && performance.now() - this._when < AT_ONCE_MS;
    this._entered = null;
    return isTheirs;
  }

  private _onInput(event: Event): void {
    const box = boxOf(event);
    if (box && event instanceof InputEvent) {
      this._handIn(box).edit(box.value, event.inputType, event.data);
    }
  }

  private _onKey(event: KeyboardEvent): void {
    const box = boxOf(event);
    if (box && event.key === 'Enter') {
      this._entered = this._handIn(box).has(box.value) ? box.value : null;
      this._when = performance.now();
    } else if (box) {
      const { selectionStart, selectionEnd, value } = box;
      const isSelected = selectionStart === 0 && selectionEnd === value.length;
      this._handIn(box).key({ text: value, isSelected }, event.key);
    }
  }

  private _handIn(box: HTMLInputElement): Hand {
    const hand = this._hands.get(box) ?? new Hand();
    this._hands.set(box, hand);
    return hand;
  }

  private _hands = new WeakMap<HTMLInputElement, Hand>();
  private _entered: string | null = null;
  private _when = -Infinity;
}

function boxOf(event: Event): HTMLInputElement | null {
  const { target } = event;
  return event.isTrusted && target instanceof HTMLInputElement && target.matches(BOX) ? target : null;
}
