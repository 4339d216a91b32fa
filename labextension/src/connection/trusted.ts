/** An event -> whether a person caused it, right now. */

// Taken from a real event: an object that only looks like one makes this getter throw.
const isTrustedGetter = Object.getOwnPropertyDescriptor(new Event('probe'), 'isTrusted')?.get;

/** Whether `event` is the browser's own, and is being dispatched at this moment (not kept from an earlier click). */
export function isTrustedNow(event: Event): boolean {
  try {
    const trusted: unknown = isTrustedGetter ? isTrustedGetter.call(event) : event.isTrusted;
    return trusted === true && event.eventPhase !== Event.NONE;
  } catch {
    return false;
  }
}
