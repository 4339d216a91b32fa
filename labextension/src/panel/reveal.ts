/** A notebook's open questions -> whether the panel opens for one of them. Pure. */

/** Each question opens the panel once: who closes it with the question still open has seen it. */
export class Reveals {
  /**
   * Whether one of these questions (their ids) was in sight never before. In sight it is while its notebook is in front;
   * one that was asked elsewhere is so when the person comes there.
   */
  isDue(open: readonly string[], isInFront: boolean): boolean {
    // By their ids, not how many there are: where one takes another's place there are as many as before.
    const known = this._seen;
    this._seen = new Set(open.filter(id => isInFront || known.has(id)));
    return isInFront && open.some(id => !known.has(id));
  }

  private _seen: ReadonlySet<string> = new Set();
}
