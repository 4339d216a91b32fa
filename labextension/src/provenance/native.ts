/** The page's trusted events -> those that come from the browser itself, and not from a script that had it make them. */

const native = new WeakSet<Event>();

/** As it is before other programs of the page change it. */
const soon = window.queueMicrotask.bind(window);

/**
 * Hear events of these types before anything can stop them, untrusted ones and a script's too: `isNative` tells.
 *
 * `document.execCommand` makes events that the browser calls trusted. But between two listeners the browser carries out
 * what waits in the queue of microtasks only where no script is running (HTML Standard, "clean up after running
 * script"): so the second listener knows. It does not matter whose `execCommand` it was.
 */
export function hear(types: readonly string[], listener: (event: Event) => void): void {
  const options = { capture: true, passive: true };
  for (const type of types) {
    window.addEventListener(type, event => soon(() => native.add(event)), options);
    window.addEventListener(type, listener, options);
  }
}

/** While an event that `hear` hears is dispatched: whether a person's hand is behind it. */
export function isNative(event: Event): boolean {
  return event.isTrusted && native.has(event);
}
