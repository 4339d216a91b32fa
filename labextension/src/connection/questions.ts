/** What is asked of a guard beside its cells: what a cell would do, the policy, the journal, a safe rewrite. */

import { JSONObject } from '@lumino/coreutils';

import { IFixRequest, parseRewrite, Rewrite } from '../fix/answer';
import { BroughtBack, IWanted, parseBroughtBack, parseSteps, Steps } from '../undo/steps';
import { isTrustedNow } from './trusted';
import { IDraftRequest, ITold, IVetted } from '../vetting/answer';
import { Asked } from '../vetting/asked';
import { parseTrail, Trail } from '../trail/records';

/** Rewrites that the guard made are known so long: undoing and redoing one is no program's doing. */
const REWRITES_KEPT = 50;

export class Questions {
  /** `send` gives whether a message could be sent; `isJudging` whether the guard answers beside the cells. */
  constructor(
    private readonly _send: (data: JSONObject) => boolean,
    private readonly _isJudging: () => boolean
  ) {}

  async vet(draft: IDraftRequest): Promise<IVetted | null> {
    const answer = await this._asked.ask(id =>
      this._isJudging() && this._send({
        type: 'vet',
        id,
        cell_id: draft.cellId,
        code: draft.code,
        author: draft.author,
        ...(draft.stored === undefined ? {} : { metadata: { jupyter_guard: draft.stored } }),
        ...(draft.number ? { number: draft.number } : {})
      })
    );
    return answer?.type === 'vetted' ? answer : null;
  }

  async policy(): Promise<string | null> {
    return this._told('policy', {});
  }

  async trail(last: number): Promise<Trail | null> {
    const told = await this._told('audit', { last });
    return told === null ? null : parseTrail(told);
  }

  async rewrite({ code, above, rule, span, via }: IFixRequest): Promise<Rewrite | null> {
    const place = { line: span.line, column: span.column, end_line: span.endLine, end_column: span.endColumn };
    // The rule is in the place's stead: of two findings in one cell, both are answered.
    const about = { cell_id: `${rule}:${span.line}:${span.column}`, code, above: [...above], rule, span: place, via: [...via] };
    const told = await this._told('fix', about);
    const found = told === null ? null : parseRewrite(told);
    if (found && 'fix' in found) {
      this._rewrites.delete(code);
      this._rewrites.set(code, found.fix.code);
      for (const oldest of this._rewrites.keys()) {
        if (this._rewrites.size <= REWRITES_KEPT) {
          break;
        }
        this._rewrites.delete(oldest);
      }
    }
    return found;
  }

  async steps(): Promise<Steps | null> {
    const told = await this._told('undo', {});
    return told === null ? null : parseSteps(told);
  }

  async bringBack(wanted: IWanted, event: Event): Promise<BroughtBack | null> {
    const told = isTrustedNow(event) ? await this._told('undo', { ...wanted }) : null;
    return told === null ? null : parseBroughtBack(told);
  }

  /** Whether the guard itself made `after` out of `before`, when it was asked for a safe rewrite. */
  hasRewritten(before: string, after: string): boolean {
    return this._rewrites.get(before) === after;
  }

  async humans(): Promise<ReadonlySet<string> | null> {
    const told = await this._told('humans', {});
    return told === null ? null : new Set(told.split('\n'));
  }

  settle(answer: IVetted | ITold): void {
    this._asked.settle(answer);
  }

  giveUp(): void {
    this._asked.giveUp();
  }

  private async _told(type: ITold['type'], about: JSONObject): Promise<string | null> {
    const isHeard = type === 'humans' || this._isJudging();
    const answer = await this._asked.ask(id => isHeard && this._send({ ...about, type, id }));
    return answer?.type === type ? answer.text : null;
  }

  private _asked = new Asked();
  private _rewrites = new Map<string, string>();
}
