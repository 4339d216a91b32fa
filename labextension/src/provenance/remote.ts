/** A change that came from elsewhere in a shared document -> a person's, or a program's. */

import { NotebookPanel } from '@jupyterlab/notebook';
import type * as Y from 'yjs';

import { Arrival } from './ledger';

/** What a client of a shared document says about itself; anybody can say anything, so none of it means human. */
export interface IClientState {
  readonly user?: unknown;
  readonly cursors?: unknown;
}

/** A person's first keys may arrive before their cursor does; more than this at once does not. */
const FEW_CHARACTERS = 8;

/**
 * How text of a client counts, so many characters of it at once. A person's front end says who its user is and where the cursor stands; a program on the
 * server has no user (jupyter-server-ydoc), or calls itself an agent (jupyter-nbmodel-client) or a bot (jupyter-ai).
 */
export function clientArrival(state: IClientState | undefined, characters: number): Arrival {
  const user = state?.user;
  if (typeof user !== 'object' || user === null || Reflect.get(user, 'agent') || Reflect.get(user, 'bot')) {
    return 'server';
  }
  const hasCursor = Array.isArray(state?.cursors) && state.cursors.length > 0;
  return characters > FEW_CHARACTERS && !hasCursor ? 'server' : 'remote';
}

/** Who made a cell that appeared: this page's program, or a client of the shared document. */
export function creator(panel: NotebookPanel, ysource: Y.Text): Arrival {
  const item = (ysource.parent as Y.Map<unknown> | null)?._item ?? ysource._item;
  const client = item?.id.client;
  return client === undefined || client === ysource.doc?.clientID
    ? 'program'
    : clientArrival(stateOf(panel, client), ysource.length);
}

/** Who changed a text elsewhere; a program, where nobody can be told. */
export function remoteAuthor(panel: NotebookPanel, event: Y.YTextEvent): Arrival {
  const clients = new Set([...event.changes.added].map(item => item.id.client));
  const characters = event.delta.reduce((sum, step) => sum + String(step.insert ?? '').length, 0);
  const arrivals = [...clients].map(client => clientArrival(stateOf(panel, client), characters));
  if (arrivals.length === 0) {
    // Something was taken away, and Yjs does not say by whom: a person's only if no program is in the document.
    const states = [...(awareness(panel)?.getStates().values() ?? [])];
    return states.length > 1 && states.every(state => clientArrival(state, 0) === 'remote') ? 'remote' : 'server';
  }
  return arrivals.includes('server') ? 'server' : 'remote';
}

function stateOf(panel: NotebookPanel, client: number): IClientState | undefined {
  return awareness(panel)?.getStates().get(client);
}

function awareness(panel: NotebookPanel): { getStates(): Map<number, IClientState> } | undefined {
  return Reflect.get(panel.content.model?.sharedModel ?? {}, 'awareness') as ReturnType<typeof awareness>;
}
