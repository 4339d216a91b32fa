/** Watches how cells are written, and says so when they run: in their metadata, and to the guard with the key. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Cell } from '@jupyterlab/cells';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker, Notebook, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { KernelMessage } from '@jupyterlab/services';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Prec, Transaction } from '@codemirror/state';
import { ViewPlugin, ViewUpdate } from '@codemirror/view';

import { IClaim, IGuardConnections } from '../connection/token';
import { METADATA_KEY } from '../protocol';
import { commandKind, EVENT_WINDOW_MS } from './classify';
import { TrustedInput } from './input';
import { sha256 } from './sha256';
import { IProvenance } from './token';
import { ProvenanceTracker } from './tracker';

const PLUGIN_ID = 'jupyter-guard:provenance';

/** Commands of a person's that run cells later than at the click: after a restart, after a dialog. */
const SLOW_RUNS = /restart.*run/;

export const provenance: JupyterFrontEndPlugin<IProvenance> = {
  id: PLUGIN_ID,
  description: 'Tells typed text from inserted text, and records it when a cell runs.',
  autoStart: true,
  requires: [INotebookTracker, IEditorExtensionRegistry, IGuardConnections],
  optional: [ISettingRegistry],
  provides: IProvenance,
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    editors: IEditorExtensionRegistry,
    connections: IGuardConnections,
    settings: ISettingRegistry | null
  ): IProvenance => {
    const input = new TrustedInput();
    const tracker = new ProvenanceTracker(input);
    editors.addExtension(transactionWatcher(tracker));

    let slowRuns = 0;
    app.commands.commandExecuted.connect(
      safely((_, command: { readonly id: string; readonly result: Promise<unknown> }) => {
        const kind = commandKind(command.id);
        tracker.noteCommand(kind);
        if (kind === 'arrangement' || kind === 'completion') {
          // Pasting and completing go on after the command has returned.
          void command.result.then(
            () => tracker.noteCommand(kind),
            () => undefined
          );
        }
        if (SLOW_RUNS.test(command.id) && input.within(EVENT_WINDOW_MS)) {
          slowRuns++;
          const done = (): void => void slowRuns--;
          void command.result.then(done, done);
        }
      })
    );

    notebooks.widgetAdded.connect(safely((_, panel: NotebookPanel) => follow(panel, tracker)));
    notebooks.forEach(panel => follow(panel, tracker));

    let storesOrigin = true;
    if (settings) {
      void settings.load(PLUGIN_ID).then(
        loaded => {
          const read = (): void => {
            storesOrigin = loaded.get('storeOrigin').composite !== false;
          };
          read();
          loaded.changed.connect(read);
        },
        error => console.warn('jupyter-guard: settings of the provenance could not be loaded', error)
      );
    }

    // Runs before the request reads the cell's metadata, so that both travel with this very run.
    NotebookActions.executionScheduled.connect(
      safely((_, { notebook, cell }: { readonly notebook: Notebook; readonly cell: Cell }) => {
        const panel = notebooks.find(candidate => candidate.content === notebook);
        if (!panel || cell.model.type !== 'code') {
          return;
        }
        const connection = connections.of(panel);
        if (connection.state.link === 'unguarded' || connection.state.link === 'none') {
          return;
        }
        const startedBy = slowRuns > 0 || input.within(EVENT_WINDOW_MS) ? 'person' : 'program';
        const { author, shares } = tracker.authorship(cell.model);
        const claim: IClaim = {
          sha256: sha256(cell.model.sharedModel.getSource()),
          cellId: cell.model.id,
          author,
          shares,
          startedBy
        };
        connection.claim(claim);
        if (storesOrigin) {
          store(cell, claim);
        }
      })
    );
    return tracker;
  }
};

function follow(panel: NotebookPanel, tracker: ProvenanceTracker): void {
  void panel.context.ready.then(safely(() => tracker.track(panel)));
  const heard = new WeakSet<object>();
  const hear = (): void => {
    const kernel = panel.sessionContext.session?.kernel;
    if (kernel && !heard.has(kernel)) {
      heard.add(kernel);
      kernel.anyMessage.connect(
        safely((_, { msg, direction }: { readonly msg: KernelMessage.IMessage; readonly direction: string }) => {
          if (direction === 'recv' && msg.header.msg_type === 'execute_reply') {
            kernelTexts(msg).forEach(text => tracker.noteKernelText(text));
          }
        })
      );
    }
  };
  panel.sessionContext.kernelChanged.connect(hear);
  hear();
}

function kernelTexts(message: KernelMessage.IMessage): string[] {
  const { payload } = message.content as { readonly payload?: unknown };
  if (!Array.isArray(payload)) {
    return [];
  }
  return (payload as { readonly source?: unknown; readonly text?: unknown }[]).flatMap(item =>
    item?.source === 'set_next_input' && typeof item.text === 'string' ? [item.text] : []
  );
}

/** In every editor: what kind of input a transaction says that it is, before the shared document hears of it. */
function transactionWatcher(tracker: ProvenanceTracker): Parameters<IEditorExtensionRegistry['addExtension']>[0] {
  class Watcher {
    update(update: ViewUpdate): void {
      if (update.docChanged) {
        const events = update.transactions.map(one => one.annotation(Transaction.userEvent) ?? '');
        tracker.noteTransaction(events.find(Boolean) ?? '');
      }
    }
  }
  return Object.freeze({
    name: PLUGIN_ID,
    factory: () =>
      EditorExtensionRegistry.createImmutableExtension(Prec.highest(ViewPlugin.define(() => new Watcher())))
  });
}

function store(cell: Cell, claim: IClaim): void {
  const known: unknown = cell.model.getMetadata(METADATA_KEY);
  const rest = typeof known === 'object' && known !== null ? known : {};
  const origin = {
    author: claim.author,
    sha256: claim.sha256,
    shares: { ...claim.shares },
    started_by: claim.startedBy
  };
  const next = { ...rest, origin };
  if (JSON.stringify(known) !== JSON.stringify(next)) {
    cell.model.setMetadata(METADATA_KEY, next);
  }
}

/** A slot that throws is only logged by whoever emits, and its work is lost without a word: say whose it was. */
function safely<A extends readonly unknown[]>(slot: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      slot(...args);
    } catch (error) {
      console.error('jupyter-guard: provenance', error);
    }
  };
}
