/** What is known of cells that nobody has run yet, beside the reports of those that ran. Pure. */

import { IReport } from '../protocol';

export interface IDraft {
  /** The text that was judged. */
  readonly code: string;
  readonly report: IReport | null;
  readonly problem: string;
  /** Whether the cell was judged as one of a whole notebook that nothing of has run. */
  readonly isOfNotebook: boolean;
}

/**
 * The report of a draft, the very one of before where the same is said of the same text: most cells that are judged again
 * because another one ran come out as they were, and nothing that shows them need be drawn.
 */
export function sameReport(before: IDraft | undefined, code: string, report: IReport | null): IReport | null {
  const known = before?.code === code ? before.report : null;
  return known && report && said(known) === said(report) ? known : report;
}

function said(report: IReport): string {
  return JSON.stringify({ ...report, time: '' });
}

/** Cells to judge, each once, the ones asked for by a person's doing first. */
export class DraftQueue {
  get size(): number {
    return this._urgent.size + this._others.size;
  }

  /** An urgent cell goes before all others and after the urgent ones before it. */
  add(cellId: string, isUrgent: boolean): void {
    if (isUrgent) {
      this._others.delete(cellId);
      this._urgent.add(cellId);
    } else if (!this._urgent.has(cellId)) {
      this._others.add(cellId);
    }
  }

  take(): string | undefined {
    for (const waiting of [this._urgent, this._others]) {
      for (const cellId of waiting) {
        waiting.delete(cellId);
        return cellId;
      }
    }
    return undefined;
  }

  clear(): void {
    this._urgent.clear();
    this._others.clear();
  }

  private _urgent = new Set<string>();
  private _others = new Set<string>();
}

/** The reports for the list: of each cell its run, unless its text was judged anew since and is another by now. */
export function withDrafts(reports: readonly IReport[], drafts: Iterable<IReport>): readonly IReport[] {
  const ran = new Map(reports.map(report => [report.cellId, report.sha256]));
  const newer = new Map<string, IReport>();
  for (const draft of drafts) {
    if (draft.cellId && ran.get(draft.cellId) !== draft.sha256) {
      newer.set(draft.cellId, draft);
    }
  }
  return newer.size === 0 ? reports : [...reports.filter(one => !newer.has(one.cellId)), ...newer.values()];
}
