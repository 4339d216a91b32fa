/** Opens the guard's comm for every notebook, and hands the connections to the other plugins. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { GuardConnection } from './connection';
import { IGuardConnection, IGuardConnections } from './token';
import { TypedAnswers } from './typed';

export const connection: JupyterFrontEndPlugin<IGuardConnections> = {
  id: 'jupyter-guard:connection',
  description: "Connects each notebook with its kernel's guard.",
  autoStart: true,
  requires: [INotebookTracker],
  provides: IGuardConnections,
  activate: (_: JupyterFrontEnd, notebooks: INotebookTracker): IGuardConnections => {
    const typed = new TypedAnswers();
    const connections = new WeakMap<NotebookPanel, GuardConnection>();

    const of = (panel: NotebookPanel): IGuardConnection => {
      let known = connections.get(panel);
      if (!known) {
        const made = new GuardConnection(panel.sessionContext, typed);
        panel.disposed.connect(() => made.dispose());
        connections.set(panel, made);
        known = made;
      }
      return known;
    };

    notebooks.forEach(panel => void of(panel));
    notebooks.widgetAdded.connect((_, panel) => void of(panel));
    return { of };
  }
};
