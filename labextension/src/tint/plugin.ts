/** Tints the characters that an assistant or another program wrote, for those who switch it on. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { StateEffect, StateField } from '@codemirror/state';
import { Decoration, DecorationSet, EditorView } from '@codemirror/view';

import { CellEditors } from '../editors';
import { IRun } from '../provenance/ledger';
import { IProvenance } from '../provenance/token';
import { readSettings } from '../settings';
import { programStretches } from './ranges';

const PLUGIN_ID = 'jupyter-guard:tint';

/** A pause in typing after which the tint is brought up to date; until then it moves with the text. */
const PAUSE_MS = 100;

const setRuns = StateEffect.define<readonly IRun[]>();
const tinted = Decoration.mark({ class: 'jg-Tint' });

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (present, transaction) => {
    const runs = transaction.effects.filter(effect => effect.is(setRuns)).pop()?.value as readonly IRun[] | undefined;
    if (!runs) {
      return present.map(transaction.changes);
    }
    const { length } = transaction.state.doc;
    const stretches = programStretches(runs).filter(({ to }) => to <= length);
    return Decoration.set(stretches.map(({ from, to }) => tinted.range(from, to)));
  },
  provide: own => EditorView.decorations.from(own)
});

export const tint: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Tints the characters that an assistant wrote; off unless a setting says otherwise.',
  autoStart: true,
  requires: [INotebookTracker, IEditorExtensionRegistry],
  optional: [IProvenance, ISettingRegistry],
  activate: (
    _: JupyterFrontEnd,
    notebooks: INotebookTracker,
    registry: IEditorExtensionRegistry,
    provenance: IProvenance | null,
    settings: ISettingRegistry | null
  ): void => {
    if (!provenance) {
      return;
    }
    const editors = new CellEditors();
    const waiting = new Set<object>();
    let isOn = false;

    const draw = (sharedModel: object): void => {
      const runs = isOn ? provenance.runs(sharedModel) : [];
      editors.of(sharedModel).forEach(view => view.dispatch({ effects: setRuns.of(runs) }));
    };
    let wasOn = false;
    editors.watch(registry, PLUGIN_ID, [field], sharedModel => (isOn || wasOn) && draw(sharedModel));
    provenance.changed.connect((_, cell) => {
      if (!isOn) {
        return;
      }
      if (waiting.size === 0) {
        window.setTimeout(() => {
          const models = [...waiting];
          waiting.clear();
          models.forEach(draw);
        }, PAUSE_MS);
      }
      waiting.add(cell.sharedModel);
    });
    readSettings(settings, PLUGIN_ID, values => {
      wasOn ||= isOn;
      isOn = values.tint === true;
      notebooks.forEach(panel => panel.content.widgets.forEach(cell => draw(cell.model.sharedModel)));
    });
  }
};
