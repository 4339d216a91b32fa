/** Questions that the guard asks on stdin too -> withdrawn there, once they are answered in the panel. */

import { Kernel, KernelMessage } from '@jupyterlab/services';

/** How the prompt of each of the guard's questions ends. */
export const PROMPT_END = '[y/N]';

/**
 * The guard's open input requests, by the cell's own request. The protocol cannot withdraw an input request, and
 * JupyterLab runs nothing while it believes that one is open: an empty reply, which the guard expects, closes it.
 */
export class OpenInputs {
  /** Follow a kernel connection; the one before it is forgotten. */
  follow(kernel: Kernel.IKernelConnection): void {
    if (kernel === this._kernel) {
      return;
    }
    this._kernel?.anyMessage.disconnect(this._onMessage, this);
    this._open.clear();
    this._kernel = kernel;
    kernel.anyMessage.connect(this._onMessage, this);
  }

  /** Close the guard's question about the request `msgId`, if nobody answered it there. */
  settle(msgId: string): void {
    const header = this._open.get(msgId);
    this._open.delete(msgId);
    if (header && this._kernel && !this._kernel.isDisposed) {
      this._kernel.sendInputReply({ status: 'ok', value: '' }, header);
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
      }
    } else if (direction === 'send' && msg.header.msg_type === 'input_reply') {
      for (const [request, header] of this._open) {
        if ('msg_id' in parent && header.msg_id === parent.msg_id) {
          this._open.delete(request);
        }
      }
    }
  }

  private _kernel: Kernel.IKernelConnection | null = null;
  private _open = new Map<string, KernelMessage.IInputRequestMsg['header']>();
}
