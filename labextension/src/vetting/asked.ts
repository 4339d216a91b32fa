/** Questions to the guard with a number <-> the answers, which may come in any order or not at all. */

import { ITold, IVetted } from './answer';

type Answer = IVetted | ITold;

/** Judging has a bound of its own that is far below; past this, the guard is too old to answer. */
const PATIENCE_MS = 60_000;

interface IOpen {
  readonly done: (answer: Answer | null) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class Asked {
  /** Send a question, if `send` can; `null` when it cannot, and when nobody answers in time. */
  ask(send: (id: number) => boolean): Promise<Answer | null> {
    const id = ++this._last;
    if (!send(id)) {
      return Promise.resolve(null);
    }
    return new Promise(resolve => {
      const timer = setTimeout(() => this._close(id, null), PATIENCE_MS);
      this._open.set(id, { done: resolve, timer });
    });
  }

  settle(answer: Answer): void {
    this._close(answer.id, answer);
  }

  /** The kernel went away: nobody answers any more. */
  giveUp(): void {
    [...this._open.keys()].forEach(id => this._close(id, null));
  }

  private _close(id: number, answer: Answer | null): void {
    const open = this._open.get(id);
    this._open.delete(id);
    if (open) {
      clearTimeout(open.timer);
      open.done(answer);
    }
  }

  private _last = 0;
  private _open = new Map<number, IOpen>();
}
