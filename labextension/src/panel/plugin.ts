/** Puts the guard's panel on the right of JupyterLab and of Notebook 7. */

import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IGuardConnections } from '../connection/token';
import { shieldIcon } from '../icons';
import { readSettings } from '../settings';
import { IVettings } from '../vetting/token';
import { TRANSLATION_DOMAIN } from '../words';
import { Reveals } from './reveal';
import { settleStdin } from './stdin';
import { GuardPanel, PANEL_ID } from './widget';

/** Only shows the panel: nothing that approves is ever a command, since any program in the page can run those. */
const SHOW = 'jupyter-guard:show-panel';
const PLUGIN_ID = 'jupyter-guard:panel';

export const panel: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: "Lists the guard's findings on the open notebook, and asks.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IGuardConnections, ILabShell, ILayoutRestorer, ICommandPalette, ISettingRegistry, ITranslator, IVettings],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    connections: IGuardConnections | null,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
    vettings: IVettings | null
  ): void => {
    if (!connections) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    const widget = new GuardPanel(notebooks, connections, trans, vettings);
    if (labShell) {
      // The layout reads it when the panel is added, perhaps before the style sheet is there. Notebook 7's gives a panel 250
      // pixels, and cuts off what wants more.
      widget.node.style.minWidth = '320px';
    }
    app.shell.add(widget, 'right', { rank: 900 });
    restorer?.add(widget, PANEL_ID);

    const show = (): void => app.shell.activateById(PANEL_ID);
    app.commands.addCommand(SHOW, { label: trans.__('Show the Guard Panel'), icon: shieldIcon, execute: show });
    palette?.addItem({ command: SHOW, category: trans.__('Guard') });

    let revealWhenAsked = true;
    readSettings(settings, PLUGIN_ID, values => {
      revealWhenAsked = values.revealWhenAsked !== false;
    });

    const follow = (notebook: NotebookPanel): void => {
      const connection = connections.of(notebook);
      const reveals = new Reveals();
      const look = (): void => {
        const open = connection.state.pending.map(item => item.id);
        if (reveals.isDue(open, notebook.isVisible) && revealWhenAsked && !widget.isVisible) {
          reveal(app, labShell);
        }
      };
      const inFront = (_: INotebookTracker, current: NotebookPanel | null): void => {
        if (current === notebook) {
          look();
        }
      };
      connection.changed.connect(look);
      notebooks.currentChanged.connect(inFront);
      notebook.disposed.connect(() => notebooks.currentChanged.disconnect(inFront));
      connection.answered.connect((_, { cellId }) => settleStdin(notebook, cellId));
    };
    notebooks.forEach(follow);
    notebooks.widgetAdded.connect((_, notebook) => follow(notebook));
  }
};

/** Open the panel without taking the focus from where the person is typing. */
function reveal(app: JupyterFrontEnd, labShell: ILabShell | null): void {
  const focused = document.activeElement;
  app.shell.activateById(PANEL_ID);
  if (labShell && focused instanceof HTMLElement) {
    focused.focus();
  }
}
