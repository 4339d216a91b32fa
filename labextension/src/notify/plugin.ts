/** A notification when a cell was stopped or waits for an answer while the panel is not in sight. It cannot answer. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IGuardConnections } from '../connection/token';
import { PANEL_ID } from '../panel/widget';
import { IPending, IReport } from '../protocol';
import { readSettings } from '../settings';
import { cellSentence, TRANSLATION_DOMAIN } from '../words';
import { news } from './news';

const PLUGIN_ID = 'jupyter-guard:notify';

export const notify: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Says when a cell was stopped or waits for an answer, unless the panel is in sight.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IGuardConnections, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    connections: IGuardConnections | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): void => {
    if (!connections) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    let isOn = true;
    readSettings(registry, PLUGIN_ID, values => {
      isOn = values.notify !== false;
    });

    const follow = (panel: NotebookPanel): void => {
      const connection = connections.of(panel);
      const shown = new Map<string, string>();
      let before = connection.state;
      const show = {
        label: trans.__('Show'),
        callback: () => {
          app.shell.activateById(panel.id);
          app.shell.activateById(PANEL_ID);
        }
      };
      const tell = (asked: readonly IPending[], blocked: readonly IReport[]): void => {
        if (!isOn || (panel.isVisible && isPanelInSight())) {
          return;
        }
        for (const item of asked) {
          const text = trans.__('A cell of %1 waits for your answer. %2', panel.title.label, plain(item.sentence));
          shown.set(item.id, Notification.warning(text, { autoClose: false, actions: [show] }));
        }
        for (const report of blocked) {
          const text = trans.__('A cell of %1 was stopped. %2', panel.title.label, plain(report.sentence));
          Notification.error(text, { autoClose: 8000, actions: [show] });
        }
      };
      connection.changed.connect(() => {
        const { asked, blocked, settled } = news(before, connection.state);
        before = connection.state;
        settled.forEach(id => Notification.dismiss(shown.get(id)));
        // The panel opens for a question by the same signal, perhaps after this.
        queueMicrotask(() => tell(asked, blocked));
      });
    };
    const plain = (sentence: string): string => (sentence ? cellSentence(sentence, trans).replace(/`/g, '') : '');
    notebooks.forEach(follow);
    notebooks.widgetAdded.connect((_, panel) => follow(panel));
  }
};

function isPanelInSight(): boolean {
  return document.getElementById(PANEL_ID)?.offsetParent != null;
}
