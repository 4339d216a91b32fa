/** The plugins; each can be disabled by its id (`jupyter labextension disable jupyter-guard:badge`). */

import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { badge } from './badge/plugin';
import { card } from './card/plugin';
import { connection } from './connection/plugin';
import { panel } from './panel/plugin';
import { provenance } from './provenance/plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [connection, panel, card, provenance, badge];

export default plugins;
