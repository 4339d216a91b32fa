/** What a person's own events said they would put into an editor -> whether an edit put in no more than that. Pure. */

/** An editor closes what a person opens; of quotation marks it closes three, where they are the third. */
const CLOSED_BY: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['<', '>'],
  ['"', '"'],
  ["'", "'"],
  ['`', '`']
]);
const QUOTES = 3;

/** The characters of a person's `beforeinput` events of late, each of which explains one character of an edit. */
export class TypedCharacters {
  constructor(private readonly _windowMs: number) {}

  /** A person's event at `now` says that it puts in `data`; what is composed stands in place of what was so far. */
  note(data: string, now: number, isComposed = false): void {
    this._fresh(now);
    this._pending = this._pending.filter(one => !(isComposed && one.isComposed));
    this._pending.push(...[...visible(data)].map(character => ({ character, time: now, isComposed })));
  }

  /**
   * Whether a person typed what can be seen of `inserted`, the pieces that one edit puts in; takes it if so, that no
   * second edit counts on it. With several cursors one key puts the same into each place.
   */
  take(inserted: readonly string[], now: number): boolean {
    this._fresh(now);
    const rest = [...this._pending];
    const closing = new Map<string, number>();
    for (const character of visible([...new Set(inserted)].join(''))) {
      const at = rest.findIndex(one => one.character === character);
      const left = closing.get(character) ?? 0;
      if (at >= 0) {
        rest.splice(at, 1);
        const closer = CLOSED_BY.get(character);
        if (closer) {
          closing.set(closer, (closing.get(closer) ?? 0) + (closer === character ? QUOTES : 1));
        }
      } else if (left > 0) {
        closing.set(character, left - 1);
      } else {
        return false;
      }
    }
    this._pending = rest;
    return true;
  }

  private _fresh(now: number): void {
    this._pending = this._pending.filter(one => now - one.time < this._windowMs);
  }

  private _pending: { readonly character: string; readonly time: number; readonly isComposed: boolean }[] = [];
}

/**
 * Whether the pieces that an edit puts in are a text that was pasted or dropped: whole, a line at each of several
 * cursors, or all of it at each. An editor adds the end of a line that was copied without a selection.
 */
export function isBrought(inserted: readonly string[], text: string): boolean {
  const brought = lines(text);
  const put = inserted.map(lines);
  return put.length > 0 && (put.every(one => one === brought) || put.join('\n') === brought);
}

/** A text without the blanks around its lines and itself. */
function lines(text: string): string {
  return text.trim().split(/[^\S\n]*(?:\r\n?|\n)[^\S\r\n]*/).join('\n');
}

function visible(text: string): string {
  return text.replace(/\s/g, '');
}
