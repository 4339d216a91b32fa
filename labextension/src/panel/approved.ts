/** Runs of a notebook's cells -> the text of each cell when it last was allowed to run, as far as this page saw. */

import { NotebookPanel } from '@jupyterlab/notebook';

import { IGuardConnection } from '../connection/token';
import { sha256 } from '../provenance/sha256';

export class ApprovedTexts {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _connection: IGuardConnection
  ) {
    _connection.changed.connect(this._look, this);
    this._look();
  }

  of(cellId: string): string | undefined {
    return this._texts.get(cellId);
  }

  private _look(): void {
    const { reports } = this._connection.state;
    // The latest are last; what was seen is not looked at again.
    for (let at = reports.length - 1; at >= 0; at--) {
      const report = reports[at];
      if (!report || this._seen.has(report.msgId)) {
        break;
      }
      this._seen.add(report.msgId);
      if (report.state === 'ran' || report.state === 'confirmed') {
        const cell = this._panel.content.widgets.find(one => one.model.id === report.cellId);
        const source = cell?.model.sharedModel.getSource();
        if (source !== undefined && sha256(source) === report.sha256) {
          this._texts.set(report.cellId, source);
        }
      }
    }
  }

  private _seen = new Set<string>();
  private _texts = new Map<string, string>();
}
