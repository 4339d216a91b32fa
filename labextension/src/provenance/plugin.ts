/** Watches how cells are written, and says so when they run: in their metadata, and to the guard with the key. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Cell } from '@jupyterlab/cells';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker, Notebook, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { KernelMessage } from '@jupyterlab/services';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Prec, Transaction } from '@codemirror/state';
import { EditorView, ViewPlugin, ViewUpdate } from '@codemirror/view';

import { IGuardConnection, IGuardConnections } from '../connection/token';
import { Afterwards } from './afterwards';
import { Claims } from './claims';
import { COMMAND_MS, CommandKind, commandKind, EVENT_WINDOW_MS } from './classify';
import { LocalHashes, watchClipboard } from './clipboard';
import { Copies } from './copies';
import { TrustedInput } from './input';
import { IProvenance } from './token';
import { ProvenanceTracker } from './tracker';

const PLUGIN_ID = 'jupyter-guard:provenance';

/** Commands of a person's that run cells later than at the click: after a restart, after a dialog. */
const SLOW_RUNS = /restart.*run/;

export const provenance: JupyterFrontEndPlugin<IProvenance | null> = {
  id: PLUGIN_ID,
  description: 'Tells typed text from inserted text, and records it when a cell runs.',
  autoStart: true,
  requires: [INotebookTracker, IEditorExtensionRegistry],
  optional: [IGuardConnections, ISettingRegistry],
  provides: IProvenance,
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    editors: IEditorExtensionRegistry,
    connections: IGuardConnections | null,
    settings: ISettingRegistry | null
  ): IProvenance | null => {
    if (!connections) {
      return null;
    }
    const afterwards = new Afterwards();
    const input = new TrustedInput(afterwards);
    const copies = new Copies(new LocalHashes());
    const tracker = new ProvenanceTracker(input, copies, afterwards, (panel, before, after) =>
      connections.of(panel).hasRewritten(before, after)
    );
    const claims = new Claims(tracker, connections, notebooks);
    editors.addExtension(editorWatcher(tracker));
    watchClipboard(copies, input, text =>
      notebooks.forEach(panel => tracker.noteTaken(text, panel.content.model?.cells ?? []))
    );

    let slowRuns = 0;
    app.commands.commandExecuted.connect(
      safely((_, command: { readonly id: string; readonly result: Promise<unknown> }) => {
        const kind = commandKind(command.id);
        const since = givenAt(kind, input);
        if (since !== null) {
          tracker.noteCommand(kind, since);
          // Pasting and completing go on after the command has returned.
          void command.result.then(
            () => tracker.noteCommand(kind, since),
            () => undefined
          );
        }
        if (SLOW_RUNS.test(command.id) && input.mayRun(EVENT_WINDOW_MS)) {
          slowRuns++;
          const done = (): void => void slowRuns--;
          void command.result.then(done, done);
        }
      })
    );

    const followed = (panel: NotebookPanel): void => {
      follow(panel, tracker, claims);
      vouchAfterReload(panel, tracker, connections.of(panel));
    };
    notebooks.widgetAdded.connect(safely((_, panel: NotebookPanel) => followed(panel)));
    notebooks.forEach(followed);

    if (settings) {
      void settings.load(PLUGIN_ID).then(
        loaded => {
          const read = (): void => {
            claims.storesOrigin = loaded.get('storeOrigin').composite !== false;
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
        if (panel) {
          claims.runs(panel, cell, slowRuns > 0 || input.mayRun(EVENT_WINDOW_MS) ? 'person' : 'command');
        }
      })
    );
    // Whoever has the tracker itself could say whose a cell is.
    const { changed } = tracker;
    return { authorship: cell => tracker.authorship(cell), runs: shared => tracker.runs(shared), changed };
  }
};

/**
 * Since when a command can have been at work, if a person gave it; else `null`. Cells are arranged by a key or a click
 * that gives commands; completions are taken by others too, which their edits have to show.
 */
function givenAt(kind: CommandKind, input: TrustedInput): number | null {
  switch (kind) {
    case 'arrangement':
      return input.mayRun(COMMAND_MS) ? input.ran : null;
    case 'undoing':
      return input.undid(COMMAND_MS) ? input.undone : null;
    default:
      return input.within(EVENT_WINDOW_MS) ? -Infinity : null;
  }
}

function follow(panel: NotebookPanel, tracker: ProvenanceTracker, claims: Claims): void {
  void panel.context.ready.then(safely(() => tracker.track(panel)));
  panel.context.saveState.connect(safely((_, state) => state === 'started' && claims.saves(panel)));
  const heard = new WeakSet<object>();
  const hear = (): void => {
    const kernel = panel.sessionContext.session?.kernel;
    if (kernel && !heard.has(kernel)) {
      heard.add(kernel);
      kernel.anyMessage.connect(
        safely((_, { msg, direction }: { readonly msg: KernelMessage.IMessage; readonly direction: string }) => {
          if (direction === 'recv' && msg.header.msg_type === 'execute_reply') {
            kernelTexts(msg).forEach(text => tracker.noteKernelText(text));
          } else if (direction === 'recv' && KernelMessage.isExecuteInputMsg(msg)) {
            claims.ranElsewhere(panel, msg);
          }
        })
      );
    }
  };
  panel.sessionContext.kernelChanged.connect(hear);
  hear();
}

/** A page that was reloaded asks the guard, which went on, which cells it knew to be a person's. */
function vouchAfterReload(panel: NotebookPanel, tracker: ProvenanceTracker, connection: IGuardConnection): void {
  const vouch = safely(() => {
    if (connection.state.link !== 'connected') {
      return;
    }
    connection.changed.disconnect(vouch);
    void Promise.all([connection.humans(), panel.context.ready]).then(
      safely(([humans]) => {
        if (humans && !panel.isDisposed) {
          tracker.vouch(panel, (sha256, cellId) => humans.has(`${sha256} ${cellId}`));
        }
      })
    );
  });
  connection.changed.connect(vouch);
  vouch();
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

/** In every editor: what a transaction says that it is, before the shared document hears of it; what is copied. */
function editorWatcher(tracker: ProvenanceTracker): Parameters<IEditorExtensionRegistry['addExtension']>[0] {
  class Watcher {
    update(update: ViewUpdate): void {
      if (update.docChanged) {
        const events = update.transactions.map(one => one.annotation(Transaction.userEvent) ?? '');
        tracker.noteTransaction(events.find(Boolean) ?? '', update.view.contentDOM);
      }
    }
  }
  return Object.freeze({
    name: PLUGIN_ID,
    factory: ({ model }: { readonly model: { readonly sharedModel: object } }) => {
      const copied = safely((_: Event, view: EditorView) => noteCopy(tracker, model.sharedModel, view));
      return EditorExtensionRegistry.createImmutableExtension([
        Prec.highest(ViewPlugin.define(() => new Watcher())),
        EditorView.domEventHandlers({ copy: copied, cut: copied, dragstart: copied })
      ]);
    }
  });
}

/** As CodeMirror copies: the selection, or the whole line where nothing is selected. */
function noteCopy(tracker: ProvenanceTracker, shared: object, view: EditorView): void {
  const { doc, selection } = view.state;
  const [range] = selection.ranges;
  if (!range || selection.ranges.length > 1) {
    return;
  }
  const { from, to } = range.empty ? doc.lineAt(range.head) : range;
  tracker.noteCopy(shared, doc.sliceString(from, to), from, to);
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
