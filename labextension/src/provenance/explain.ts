/** An edit without an explanation and a command that a person gave just now -> the ledger that the two make. Pure. */

import { CommandKind, editOf, isCompletionLike } from './classify';
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
