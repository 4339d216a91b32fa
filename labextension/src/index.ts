import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { card } from './card/plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [card];

export default plugins;
