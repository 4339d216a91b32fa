/** A box's keys and edits -> whether the text in it is all by a person's hand. Pure. */

/** What stands in the box, and whether all of it is selected. */
export interface IBox {
  readonly text: string;
  readonly isSelected: boolean;
}

/**
 * What one box holds by a person's own keys. A program can fill the box, and `document.execCommand` fires an `input`
 * event that the browser vouches for. So an edit counts where it is what the key before it does, each key for one edit,
 * on top of text that counts itself or in place of all there is.
 */
export class Hand {
  /** A trusted `keydown`, and the box as it stands then. */
  key(box: IBox, key: string): void {
    this._pressed = box.isSelected || box.text === this._text ? { box, key } : null;
  }

  /** A trusted `input`: the text that it left. */
  edit(text: string, type: string, data: string | null): void {
    const pressed = this._pressed;
    this._pressed = null;
    // Nothing can be nobody's.
    if (text === '' || (pressed && isDone(pressed, text, type, data ?? ''))) {
      this._text = text;
    }
  }

  /** Whether a person left this text, all of it. */
  has(text: string): boolean {
    return text === this._text;
  }

  private _text = '';
  private _pressed: IPressed | null = null;
}

interface IPressed {
  readonly box: IBox;
  readonly key: string;
}

/** Whether the edit is what the key does to the box. */
function isDone({ box, key }: IPressed, text: string, type: string, data: string): boolean {
  return doesKey(key, type, data) && (box.isSelected ? text === data : isOneEdit(box.text, text, data));
}

function doesKey(key: string, type: string, data: string): boolean {
  switch (type) {
    case 'insertText':
      return data === key;
    case 'insertCompositionText':
      return key === 'Dead' || key === 'Process';
    case 'deleteContentBackward':
      return key === 'Backspace';
    case 'deleteContentForward':
      return key === 'Delete';
    default:
      return false;
  }
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
