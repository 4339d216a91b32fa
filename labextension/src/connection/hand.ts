/** A box's events of a person's -> whether the text in it is all by their hand. Pure. */

/**
 * What one box holds by a person's own events. A program can fill the box, and `document.execCommand` fires an `input`
 * event that the browser vouches for: only the `input` that follows a `beforeinput` and did what that one said counts,
 * and only on top of text that counts itself.
 */
export class Hand {
  /** A trusted `beforeinput`: what it says it will do to the text that stands there now. */
  before(text: string, type: string, data: string | null): void {
    this._announced = text === this._text ? { text, type, data } : null;
  }

  /** A trusted `input`: the text that it left. */
  after(text: string, type: string, data: string | null): void {
    const said = this._announced;
    this._announced = null;
    // Nothing can be nobody's.
    if (text === '' || (said?.type === type && said.data === data && isOneEdit(said.text, text, data ?? ''))) {
      this._text = text;
    }
  }

  /** Whether a person left this text, all of it. */
  has(text: string): boolean {
    return text === this._text;
  }

  private _text = '';
  private _announced: { readonly text: string; readonly type: string; readonly data: string | null } | null = null;
}

/** Whether a text is another one with a stretch of it, or nothing, replaced by what was put in. */
function isOneEdit(before: string, after: string, put: string): boolean {
  for (let at = 0; at <= before.length && after.startsWith(before.slice(0, at)); at++) {
    if (after.startsWith(put, at) && before.slice(at).endsWith(after.slice(at + put.length))) {
      return true;
    }
  }
  return false;
}
