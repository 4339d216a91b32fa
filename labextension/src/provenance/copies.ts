/** Text that was copied or dragged -> how its characters count where it is pasted or dropped. Knows hashes only, where text leaves the page. */

import { isProgram } from './classify';
import { ILedger, IRun, joined, slice } from './ledger';
import { sha256 } from './sha256';

const KEPT = 500;

/** Where hashes of copied chat text outlive a reload and reach other tabs; they can only raise. */
export interface IHashStore {
  read(): string;
  write(hashes: string): void;
}

/** Remembers what was copied out of chats and out of cells. */
export class Copies {
  constructor(private readonly _store: IHashStore) {}

  /** Text that was copied or dragged out of what is no cell of a person's: a chat, an answer of an assistant. */
  noteChat(text: string): void {
    const hash = hashOf(text);
    if (hash) {
      // What a cell had as well is the chat's from now on, whichever blanks around its lines were taken along.
      [...this._cells.keys()].filter(one => normal(one) === normal(text)).forEach(one => this._cells.delete(one));
      const known = this._chat().filter(one => one !== hash);
      this._store.write([...known, hash].slice(-KEPT).join(' '));
    }
  }

  /** Text that was copied, cut or dragged out of a cell, with its runs. */
  noteCell(text: string, runs: readonly IRun[]): void {
    this._cells.delete(text);
    this._cells.set(text, runs);
    for (const oldest of this._cells.keys()) {
      if (this._cells.size <= KEPT) {
        break;
      }
      this._cells.delete(oldest);
    }
  }

  /** Text that was copied from somewhere, perhaps out of one of these cells; a program's place counts before others. */
  noteTaken(text: string, ledgers: readonly ILedger[]): void {
    let found: readonly IRun[] | null = null;
    for (const ledger of text.trim() ? ledgers : []) {
      for (let at = ledger.text.indexOf(text); at >= 0; at = ledger.text.indexOf(text, at + 1)) {
        const runs = slice(ledger.runs, at, at + text.length);
        found = !found || runs.some(run => isProgram(run.arrival)) ? runs : found;
      }
    }
    if (found) {
      this.noteCell(text, found);
    }
  }

  /** The runs of text that a person pasted or dropped: a program's where it was a program's, else what they did. */
  arrived(text: string, by: 'pasted' | 'dropped'): readonly IRun[] {
    const known = this._cells.get(text) ?? this._wholeLine(text);
    if (known) {
      return known.map(run => ({ length: run.length, arrival: isProgram(run.arrival) ? run.arrival : by }));
    }
    const hash = hashOf(text);
    const isChat = hash !== '' && this._chat().includes(hash);
    return [{ length: text.length, arrival: isChat ? 'copied' : by }];
  }

  /** An editor that copies a line without a selection adds the line's end. */
  private _wholeLine(text: string): readonly IRun[] | undefined {
    const runs = text.endsWith('\n') ? this._cells.get(text.slice(0, -1)) : undefined;
    const last = runs?.[runs.length - 1];
    return runs && last && joined(runs, [{ length: 1, arrival: last.arrival }]);
  }

  private _chat(): string[] {
    return this._store.read().split(' ').filter(Boolean);
  }

  private _cells = new Map<string, readonly IRun[]>();
}

/** A hash that does not change with the blanks around lines; a word or less says nothing. */
function hashOf(text: string): string {
  const words = normal(text);
  return words.length < 8 ? '' : sha256(words);
}

function normal(text: string): string {
  const lines = text.split(/\r?\n/).map(line => line.trim());
  return lines.filter(Boolean).join('\n');
}
