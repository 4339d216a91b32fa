/** One comm with a kernel's guard: what the page says is sealed, and waits until both ends have agreed on a key. */

import { Kernel } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';

import { COMM_TARGET, PROTOCOL_VERSION } from '../protocol';
import { PageKey, Seal } from './seal';

/** So many messages wait: the claims about a long notebook that runs as a whole. */
const WAITING_KEPT = 5000;

export interface IChannelEvents {
  message(data: unknown): void;
  closed(): void;
}

export class Channel {
  constructor(kernel: Kernel.IKernelConnection, key: PageKey, events: IChannelEvents) {
    this.#kernel = kernel;
    this.#key = key;
    this.#comm = kernel.createComm(COMM_TARGET);
    // A comm on a subshell would start a thread in the child for traffic that never reaches it (JupyterLab 4.4+).
    if ('commsOverSubshells' in this.#comm) {
      (this.#comm as { commsOverSubshells: string }).commsOverSubshells = 'disabled';
    }
    this.#comm.onMsg = message => events.message(message.content.data);
    this.#comm.onClose = () => events.closed();
    this.#comm.open({ version: PROTOCOL_VERSION, key: key.public });
  }

  /** Say something to the guard; gives whether there is a comm that it can be said over. */
  send(data: JSONObject): boolean {
    if (this.#comm.isDisposed) {
      return false;
    }
    if (this.#seal) {
      this.#comm.send(this.#seal.sealed(data));
    } else if (this.#waiting.length < WAITING_KEPT) {
      this.#waiting.push(data);
    }
    return true;
  }

  /** The guard has said what its key is; the first one that it says counts. */
  agree(theirs: string): void {
    this.#seal ??= this.#key.agree(theirs);
    if (this.#seal && !this.#isReady) {
      this.#isReady = true;
      [...this.#waiting.splice(0), { type: 'ready' }].forEach(data => this.send(data));
    }
  }

  /** Whether the guard itself said this, and no program that calls itself the guard. */
  isGuards(text: string, proof: unknown): boolean {
    return this.#seal?.isGuards(text, proof) ?? false;
  }

  close(): void {
    try {
      if (!this.#comm.isDisposed && !this.#kernel.isDisposed) {
        // Only with its proof: any program could close it, and open one in its stead.
        this.#comm.close(this.#seal?.sealed({ type: 'close' }) ?? {});
      }
    } catch {
      // The kernel is gone already, and the comm with it.
    }
  }

  readonly #kernel: Kernel.IKernelConnection;
  readonly #key: PageKey;
  readonly #comm: Kernel.IComm;
  readonly #waiting: JSONObject[] = [];
  #seal: Seal | null = null;
  #isReady = false;
}

/** After a reload, a comm of the page before tells that an extension guards this kernel. */
export async function hasOpenComm(kernel: Kernel.IKernelConnection): Promise<boolean> {
  const reply = await kernel.requestCommInfo({ target_name: COMM_TARGET });
  return reply.content.status === 'ok' && Object.keys(reply.content.comms).length > 0;
}
