/** Work that no key has to wait for -> done in a turn after it, or before anything that depends on what comes of it. */

/** After the frame that shows what the key did. */
const AFTER_MS = 20;

export class Afterwards {
  /** Have something done soon. What waits is done first: the order stays. */
  put(work: () => void): void {
    this.settle();
    this._work = work;
    this._timer ??= setTimeout(() => {
      this._timer = null;
      this.settle();
    }, AFTER_MS);
  }

  /** Do what waits, now. */
  settle(): void {
    const work = this._work;
    this._work = null;
    work?.();
  }

  private _work: (() => void) | null = null;
  private _timer: ReturnType<typeof setTimeout> | null = null;
}
