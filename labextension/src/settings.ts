/** A plugin's settings -> one value at a time, with a default where nothing can be read. */

import { ISettingRegistry } from '@jupyterlab/settingregistry';

type Values = Readonly<Record<string, unknown>>;

/** The settings of a plugin; `changed` is called when they are first known and at every change. */
export function readSettings(
  registry: ISettingRegistry | null,
  plugin: string,
  changed: (values: Values) => void
): void {
  if (!registry) {
    return;
  }
  registry.load(plugin).then(
    loaded => {
      const read = (): void => changed(loaded.composite as Values);
      read();
      loaded.changed.connect(read);
    },
    error => console.warn(`jupyter-guard: the settings of ${plugin} could not be loaded`, error)
  );
}
