/** Shows the guard's card in a cell's output instead of its HTML twin. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { nullTranslator } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { IGuardConnections } from '../connection/token';
import { MIME_TYPE, parseCard } from '../protocol';
import { TRANSLATION_DOMAIN } from '../words';
import { IRewriting, Rewrites } from './rewrites';
import { cardView } from './view';

/** Text/html has rank 50: the card goes before it. */
const RANK = 20;

class CardRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(
    private readonly _options: IRenderMime.IRendererOptions,
    private readonly _rewriting: IRewriting | null
  ) {
    super();
    this.addClass('jg-RenderedCard');
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const trans = (this._options.translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    const rewrites = new Rewrites(this._rewriting, trans);
    this._rewrites?.detach();
    this._rewrites = rewrites;
    const view = cardView(parseCard(model.data[MIME_TYPE]), trans, finding => rewrites.place(finding));
    this.node.replaceChildren(view);
    if (this.isAttached) {
      rewrites.attach();
    }
    return Promise.resolve();
  }

  override dispose(): void {
    this._rewrites?.detach();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._rewrites?.attach();
  }

  protected override onBeforeDetach(message: Message): void {
    this._rewrites?.detach();
    super.onBeforeDetach(message);
  }

  private _rewrites: Rewrites | null = null;
}

export const card: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-guard:card',
  description: "Renders the guard's card under a cell.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [INotebookTracker, IGuardConnections],
  activate: (
    _: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    notebooks: INotebookTracker | null,
    connections: IGuardConnections | null
  ): void => {
    const rewriting = notebooks && connections ? { notebooks, connections } : null;
    rendermime.addFactory(
      { safe: true, mimeTypes: [MIME_TYPE], createRenderer: options => new CardRenderer(options, rewriting) },
      RANK
    );
  }
};
