/** An edit without an explanation and a command that a person gave just now -> the ledger that the two make. Pure. */

import { CommandKind, editOf, EVENT_WINDOW_MS, isCompletionLike } from './classify';
import { Arrival, applied, ILedger, IStep } from './ledger';
import { TextMemory } from './memory';

/** An edit that a command may yet explain: JupyterLab reports a command after it has done its work. */
export interface IUnexplained {
  readonly arrival: Arrival;
  readonly before: ILedger;
  readonly after: ILedger;
  readonly steps: readonly IStep[];
  /** Whether a person's key that takes completions came just before it. */
  readonly isTaken: boolean;
}

interface IRecent<C> extends IUnexplained {
  readonly cell: C;
  readonly time: number;
}

/** The edits of late that nothing explains yet. */
export class Unexplained<C> {
  add(edit: IRecent<C>): void {
    this._edits.push(edit);
    this._edits.splice(0, Math.max(this._edits.length - 400, 0));
  }

  /** Those from `since` on that are not too old for a command which was carried out `now`. */
  since(since: number, now: number): readonly IRecent<C>[] {
    this._edits = this._edits.filter(edit => now - edit.time < EVENT_WINDOW_MS);
    return this._edits.filter(edit => edit.time >= since);
  }

  private _edits: IRecent<C>[] = [];
}

/** The ledger after an edit that a command of that kind made, or `null` where the command does not make such edits. */
export function explained(edit: IUnexplained, kind: CommandKind, memory: TextMemory): ILedger | null {
  switch (kind) {
    case 'inline-completion':
      return edit.arrival === 'api' ? applied(edit.before, edit.steps, 'inline-completed') : null;
    case 'completion':
      return edit.arrival === 'api' && edit.isTaken && isCompletionLike(editOf(edit.before, edit.steps))
        ? applied(edit.before, edit.steps, 'completed')
        : null;
    case 'undoing':
    case 'arrangement': {
      const runs = memory.reassemble(edit.after.text);
      return runs && edit.arrival === 'program' ? { text: edit.after.text, runs } : null;
    }
    case 'other':
      return null;
  }
}
