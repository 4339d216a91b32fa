/** Shows the guard's card in a cell's output instead of its HTML twin. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { MIME_TYPE, parseCard } from '../protocol';
import { TRANSLATION_DOMAIN } from '../words';
import { cardView } from './view';

/** Text/html has rank 50: the card goes before it. */
const RANK = 20;

class CardRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly _options: IRenderMime.IRendererOptions) {
    super();
    this.addClass('jg-RenderedCard');
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const translator = this._options.translator ?? nullTranslator;
    const card = parseCard(model.data[MIME_TYPE]);
    this.node.replaceChildren(cardView(card, translator.load(TRANSLATION_DOMAIN)));
    return Promise.resolve();
  }
}

export const card: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-guard:card',
  description: "Renders the guard's card under a cell.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate: (_: JupyterFrontEnd, rendermime: IRenderMimeRegistry): void => {
    rendermime.addFactory(
      { safe: true, mimeTypes: [MIME_TYPE], createRenderer: options => new CardRenderer(options) },
      RANK
    );
  }
};
