/**
 * The plugins; each can be disabled by its id (`jupyter labextension disable jupyter-guard:badge`). So what one of them
 * needs of another is optional to it, and it does nothing without: JupyterLab calls a missing service an error.
 */

import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { badge } from './badge/plugin';
import { card } from './card/plugin';
import { connection } from './connection/plugin';
import { effects } from './effects/plugin';
import { lint } from './lint/plugin';
import { notify } from './notify/plugin';
import { panel } from './panel/plugin';
import { provenance } from './provenance/plugin';
import { status } from './status/plugin';
import { tint } from './tint/plugin';
import { vetting } from './vetting/plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  connection,
  panel,
  card,
  provenance,
  badge,
  vetting,
  effects,
  lint,
  tint,
  status,
  notify
];

export default plugins;
