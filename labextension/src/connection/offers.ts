/** The panel's buttons for answers -> whether a click is a person's deliberate press of one of them, and of which. */

import { Choice, IPending } from '../protocol';
import { Steady } from './steady';
import { isTrustedNow } from './trusted';

/** So long a person must have had the button and the words before them: it may have come up under the pointer. */
export const READING_MS = 400;
/** Tab moves the focus while the key is handled. */
const TAB_MS = 100;

interface IOffer {
  readonly item: IPending;
  readonly choice: Choice;
  readonly steady: Steady;
}

/** Known to this file alone: a button is one because the panel drew it, whatever is written on it. */
const offers = new Map<EventTarget, IOffer>();
let pressed: EventTarget | null = null;
let tabbed = -Infinity;
/** The button that a person moved the focus to by Tab, and when. */
let focused: { readonly on: EventTarget; readonly when: number } | null = null;

const capture = { capture: true, passive: true };
window.addEventListener('pointerdown', event => void (pressed = event.isTrusted ? buttonOf(event) : null), capture);
window.addEventListener(
  'keydown',
  event => {
    if (event.isTrusted && event.key === 'Tab') {
      tabbed = performance.now();
    }
  },
  capture
);
window.addEventListener(
  'focusin',
  event => {
    const now = performance.now();
    // A program can move the focus too, to have the next Enter of a person who writes a cell.
    focused = now - tabbed < TAB_MS && event.target ? { on: event.target, when: now } : null;
  },
  capture
);

/** The panel has drawn a button; gives what to call when it is gone, or says something else. */
export function offer(button: HTMLElement, item: IPending, choice: Choice): () => void {
  const words = (): string => (button.textContent ?? '') + (button.closest('.jg-Question')?.textContent ?? '');
  const steady = new Steady(button, words);
  offers.set(button, { item, choice, steady });
  return () => {
    steady.dispose();
    offers.delete(button);
  };
}

/**
 * The question that a person answers by this click with `choice`; `null` where it is not their own press of that very
 * button, which stood there uncovered and with the same words for as long as reading takes. To refuse is always safe.
 */
export function answered(event: Event, id: string, choice: Choice): IPending | null {
  const button = isTrustedNow(event) && event.type === 'click' ? buttonOf(event) : null;
  const found = button && offers.get(button);
  if (!button || !found || found.item.id !== id || found.choice !== choice) {
    return null;
  }
  const isPress = (event as MouseEvent).detail > 0 ? pressed === button : isByKey(button);
  return choice === 'refuse' || (isPress && found.steady.ms >= READING_MS) ? found.item : null;
}

/** Enter or Space on a button that the person went to themselves, and not just now. */
function isByKey(button: EventTarget): boolean {
  return (
    document.activeElement === button && focused?.on === button && performance.now() - focused.when >= READING_MS
  );
}

function buttonOf({ target }: Event): EventTarget | null {
  return target instanceof Element ? target.closest('button') : null;
}
