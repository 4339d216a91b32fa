import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TranslationBundle } from '@jupyterlab/translation';

import { CellIndex } from '../src/panel/context';

const trans = { __: (text: string, one = '') => text.replace('%1', one) } as unknown as TranslationBundle;
const cells = new CellIndex(
  [
    { id: 'a', source: '\n  import os\nos.remove("x")\n' },
    { id: 'b', source: '' }
  ],
  trans
);

test('cells are called by their places', () => {
  assert.deepEqual([...cells.places].map(([id, { place }]) => [id, place]), [['a', 0], ['b', 1]]);
  assert.deepEqual(cells.of('b'), { name: 'Cell 2', excerpt: '', isGone: false });
});

test('a cell is recognised by the line that matters, else by its first', () => {
  assert.equal(cells.of('a', 3).excerpt, 'os.remove("x")');
  assert.equal(cells.of('a').excerpt, 'import os');
  assert.equal(cells.of('a', 1).excerpt, 'import os');
  assert.equal(cells.of('a', 99).excerpt, 'import os');
});

test('a cell that is not in the notebook is said to be gone', () => {
  assert.ok(cells.of('c').isGone);
  assert.equal(cells.of('').name, 'Outside the notebook');
});
