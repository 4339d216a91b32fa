/** Texts that were seen before -> how their characters arrived, when they come back. Pure. */

import { ILedger, IRun, isWholeLines, joined, slice } from './ledger';

/**
 * Remembers the states of cells, so that undo, redo, cut and paste, duplicate, move, split and merge keep what is
 * known about the characters. Bounded by characters, the oldest first to go.
 */
export class TextMemory {
  constructor(private readonly _capacity = 4_000_000) {}

  remember(ledger: ILedger): void {
    const { text } = ledger;
    if (!text.trim() || text.length > this._capacity / 20) {
      return;
    }
    if (this._states.delete(text)) {
      this._size -= text.length;
    }
    this._states.set(text, ledger.runs);
    this._size += text.length;
    for (const oldest of this._states.keys()) {
      if (this._size <= this._capacity) {
        break;
      }
      this._states.delete(oldest);
      this._size -= oldest.length;
    }
  }

  /** The runs of a text that was a whole cell before, or `null`. */
  recall(text: string): readonly IRun[] | null {
    return this._states.get(text) ?? null;
  }

  /** The runs of a text that is a piece of a known one, or known ones put together, or `null`. */
  reassemble(text: string): readonly IRun[] | null {
    return this.recall(text) ?? this._pieceOf(text) ?? this._mergeOf(text);
  }

  private _pieceOf(text: string): readonly IRun[] | null {
    if (!text) {
      return null;
    }
    for (const known of this._latest()) {
      const at = known.indexOf(text);
      if (at >= 0 && isWholeLines(known, at, at + text.length)) {
        return slice(this._states.get(known) ?? [], at, at + text.length);
      }
    }
    return null;
  }

  /** Known states one after the other, each on lines of its own, until nothing is left over. */
  private _mergeOf(text: string): readonly IRun[] | null {
    const latest = this._latest();
    const parts: (readonly IRun[])[] = [];
    let rest = text;
    while (rest.trim()) {
      const gap = rest.length - rest.trimStart().length;
      rest = rest.slice(gap);
      const known = latest.find(state => rest.startsWith(state) && /^\s*(\n|$)/.test(rest.slice(state.length)));
      const runs = known === undefined ? undefined : this._states.get(known);
      if (known === undefined || !runs?.[0]) {
        return null;
      }
      parts.push(gap ? [{ length: gap, arrival: runs[0].arrival }] : [], runs);
      rest = rest.slice(known.length);
    }
    const last = parts[parts.length - 1];
    const end = last?.[last.length - 1];
    if (end && rest) {
      parts.push([{ length: rest.length, arrival: end.arrival }]);
    }
    return parts.length ? joined(...parts) : null;
  }

  /** The states of lately, the longest first, so that a part is not taken for the whole. */
  private _latest(): string[] {
    return [...this._states.keys()].slice(-400).sort((a, b) => b.length - a.length);
  }

  private _states = new Map<string, readonly IRun[]>();
  private _size = 0;
}
