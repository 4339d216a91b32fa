/** Judges cells while they are written and, when asked, all of a notebook; hands what is found to the other plugins. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IGuardConnections } from '../connection/token';
import { shieldIcon } from '../icons';
import { IProvenance } from '../provenance/token';
import { readSettings } from '../settings';
import { TRANSLATION_DOMAIN } from '../words';
import { IVettings } from './token';
import { IVettingSettings, NotebookVetting } from './vetting';

const PLUGIN_ID = 'jupyter-guard:vetting';

/** Both only look: nothing runs, and nothing is allowed. */
export const VET_CELL = 'jupyter-guard:vet-cell';
export const VET_ALL = 'jupyter-guard:vet-all';

const PAUSE_MS = 150;

export const vetting: JupyterFrontEndPlugin<IVettings | null> = {
  id: PLUGIN_ID,
  description: 'Judges cells before they run.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IGuardConnections, IProvenance, ICommandPalette, ISettingRegistry, ITranslator],
  provides: IVettings,
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    connections: IGuardConnections | null,
    provenance: IProvenance | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): IVettings | null => {
    if (!connections) {
      return null;
    }
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    const known = new WeakMap<NotebookPanel, NotebookVetting>();
    let settings: IVettingSettings = { live: true, pauseMs: PAUSE_MS };
    readSettings(registry, PLUGIN_ID, values => {
      const pause = values.pause;
      settings = { live: values.live !== false, pauseMs: typeof pause === 'number' ? Math.max(pause, 50) : PAUSE_MS };
    });

    const of = (panel: NotebookPanel): NotebookVetting => {
      let found = known.get(panel);
      if (!found) {
        const made = new NotebookVetting(panel, connections.of(panel), provenance, () => settings);
        panel.disposed.connect(() => made.dispose());
        known.set(panel, made);
        found = made;
      }
      return found;
    };
    notebooks.forEach(panel => void of(panel));
    notebooks.widgetAdded.connect((_, panel) => void of(panel));

    /** What is said when nobody can be asked. */
    const nobody = (): void =>
      void Notification.info(
        trans.__('This notebook has no guarded kernel that could say what its cells would do.'),
        { autoClose: 5000 }
      );
    const isAnswering = (panel: NotebookPanel): boolean => {
      const { link, guard } = connections.of(panel).state;
      return link === 'connected' && guard?.enforced === true;
    };
    app.commands.addCommand(VET_CELL, {
      label: trans.__('Show What This Cell Would Do'),
      icon: shieldIcon,
      isEnabled: () => notebooks.activeCell?.model.type === 'code',
      execute: () => {
        const { currentWidget: panel, activeCell: cell } = notebooks;
        if (panel && cell) {
          isAnswering(panel) ? of(panel).vetCell(cell.model.id) : nobody();
        }
      }
    });
    app.commands.addCommand(VET_ALL, {
      label: trans.__('Vet All Cells Before They Run'),
      icon: shieldIcon,
      isEnabled: () => notebooks.currentWidget !== null,
      execute: async () => {
        const panel = notebooks.currentWidget;
        if (panel && !(await of(panel).vetAll()) && !isAnswering(panel)) {
          nobody();
        }
      }
    });
    for (const command of [VET_CELL, VET_ALL]) {
      palette?.addItem({ command, category: trans.__('Guard') });
    }
    return { of };
  }
};
