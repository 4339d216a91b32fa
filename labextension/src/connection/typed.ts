/** Keys in a cell's input box -> whether a person typed what is sent from it. */

const BOX = '.jp-Stdin-input';
/** The reply is sent while the key is handled. */
const AT_ONCE_MS = 500;

export class TypedAnswers {
  constructor() {
    const options = { capture: true, passive: true };
    window.addEventListener('input', event => this._onInput(event), options);
    window.addEventListener('keydown', event => this._onKey(event), options);
  }

  /** Whether a person has just entered this text, all of it as they left it: a program may have put it there. */
  has(value: string): boolean {
    return this._entered === value && performance.now() - this._when < AT_ONCE_MS;
  }

  private _onInput(event: Event): void {
    const box = boxOf(event);
    if (box) {
      this._texts.set(box, box.value);
    }
  }

  private _onKey(event: KeyboardEvent): void {
    const box = event.key === 'Enter' ? boxOf(event) : null;
    if (box) {
      this._entered = this._texts.get(box) === box.value ? box.value : null;
      this._when = performance.now();
    }
  }

  private _texts = new WeakMap<HTMLInputElement, string>();
  private _entered: string | null = null;
  private _when = -Infinity;
}

function boxOf(event: Event): HTMLInputElement | null {
  const { target } = event;
  return event.isTrusted && target instanceof HTMLInputElement && target.matches(BOX) ? target : null;
}
