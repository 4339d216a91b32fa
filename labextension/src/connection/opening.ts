/** What a page needs to open the guard's comm: a key of its own, and whether somebody opened one before it. */

import { Kernel } from '@jupyterlab/services';

import { COMM_TARGET } from '../protocol';

/** 256 random bits as hexadecimal digits. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** After a reload, a comm of the page before tells that an extension guards this kernel. */
export async function hasOpenComm(kernel: Kernel.IKernelConnection): Promise<boolean> {
  const reply = await kernel.requestCommInfo({ target_name: COMM_TARGET });
  return reply.content.status === 'ok' && Object.keys(reply.content.comms).length > 0;
}
