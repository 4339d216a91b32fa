/** Questions that the guard asks on stdin too -> withdrawn there, once they are answered in the panel. */

import { Kernel, KernelMessage } from '@jupyterlab/services';

/** How the prompt of each of the guard's questions ends. */
export const PROMPT_END = '[y/N]';

/**
 * The guard's open input requests, by the cell's own request. The protocol cannot withdraw an input request, and
 * JupyterLab runs nothing while it believes that one is open: an empty reply, which the guard expects, closes it.
 */
export class OpenInputs {
  /** `sent` is told of each reply to the guard's question about the request `msgId`, whoever sent it. */
  constructor(private readonly _sent: (msgId: string, value: string) => void) {}

  /** Follow a kernel connection; the one before it is forgotten. */
  follow(kernel: Kernel.IKernelConnection): void {
    if (kernel === this._kernel) {
      return;
    }
    this._kernel?.anyMessage.disconnect(this._onMessage, this);
    this._open.clear();
    this._replied.clear();
    this._kernel = kernel;
    kernel.anyMessage.connect(this._onMessage, this);
  }

  /** Close the guard's question about the request `msgId`, if nobody answered it there. */
  settle(msgId: string): void {
    const header = this._open.get(msgId);
    this._open.delete(msgId);
    if (!this._kernel || this._kernel.isDisposed) {
      return;
    }
    if (header) {
      this._kernel.sendInputReply({ status: 'ok', value: '' }, header);
    } else if (this._replied.delete(msgId)) {
      // A program replied before JupyterLab had noted that input is waited for: it would wait for ever.
      this._kernel.hasPendingInput = false;
    }
  }

  private _onMessage(_: Kernel.IKernelConnection, { msg, direction }: Kernel.IAnyMessageArgs): void {
    const parent = msg.parent_header;
    if (direction === 'recv' && KernelMessage.isInputRequestMsg(msg)) {
      const { prompt } = msg.content;
      const request = 'msg_id' in parent ? parent.msg_id : '';
      if (prompt.trimEnd().endsWith(PROMPT_END)) {
        this._open.set(request, msg.header);
      } else {
        // The cell itself asks by now: that question is its own.
        this._open.delete(request);
        this._replied.delete(request);
      }
    } else if (direction === 'send' && msg.header.msg_type === 'input_reply') {
      for (const [request, header] of this._open) {
        if ('msg_id' in parent && header.msg_id === parent.msg_id) {
          this._open.delete(request);
          this._replied.add(request);
          const { value } = msg.content as { readonly value?: unknown };
          this._sent(request, typeof value === 'string' ? value : '');
        }
      }
    }
  }

  private _kernel: Kernel.IKernelConnection | null = null;
  private _open = new Map<string, KernelMessage.IInputRequestMsg['header']>();
  /** Of the questions that were replied to, by whomever, and are not answered yet. */
  private _replied = new Set<string>();
}
