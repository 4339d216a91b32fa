/** The guard in the status bar: on or off, observing or enforcing, the worst that it found, and what isolates. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { IGuardConnection, IGuardConnections } from '../connection/token';
import { element } from '../dom';
import { shieldIcon } from '../icons';
import { PANEL_ID } from '../panel/widget';
import { TRANSLATION_DOMAIN } from '../words';
import { summary } from './summary';

export const status: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-guard:status',
  description: 'Shows the guard in the status bar.',
  autoStart: true,
  requires: [INotebookTracker],
  // Notebook 7 has no status bar.
  optional: [IGuardConnections, IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    connections: IGuardConnections | null,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    if (!connections || !bar) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    const button = element('button', 'jg-StatusItem', [], { type: 'button' });
    const item = new Widget({ node: element('div', 'jg-StatusItem-holder', [button]) });
    button.addEventListener('click', () => app.shell.activateById(PANEL_ID));
    let connection: IGuardConnection | null = null;
    let panel: NotebookPanel | null = null;

    let drawn = '';

    const draw = (): void => {
      const shown = connection && summary(connection.state, connection.state.reports, trans);
      item.setHidden(!shown);
      const now = JSON.stringify(shown);
      if (!shown || now === drawn) {
        return;
      }
      drawn = now;
      button.className = `jg-StatusItem jg-is-${shown.tone} jg-worst-${shown.worst}`;
      button.title = shown.title;
      button.replaceChildren(shieldIcon.element({ className: 'jg-StatusItem-shield' }), shown.text);
    };
    const follow = (): void => {
      if (notebooks.currentWidget !== panel) {
        connection?.changed.disconnect(draw);
        panel = notebooks.currentWidget;
        connection = panel && connections.of(panel);
        connection?.changed.connect(draw);
      }
      draw();
    };
    notebooks.currentChanged.connect(follow);
    follow();
    bar.registerStatusItem('jupyter-guard:status', {
      item,
      align: 'left',
      rank: 20,
      isActive: () => !item.isHidden
    });
  }
};
