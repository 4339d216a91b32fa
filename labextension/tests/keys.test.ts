import assert from 'node:assert/strict';
import { test } from 'node:test';

import { IKey, Power, powers } from '../src/provenance/keys';

function key(name: string): IKey {
  const parts = name.split('+');
  const has = (one: string): boolean => parts.slice(0, -1).includes(one);
  return {
    key: parts[parts.length - 1] ?? '',
    ctrlKey: has('Control'),
    altKey: has('Alt'),
    metaKey: has('Meta'),
    shiftKey: has('Shift')
  };
}

test('a key can do what it does in an editor, and nothing else', () => {
  const expected: readonly [string, readonly Power[]][] = [
    ['a', []],
    [' ', []],
    ['ArrowLeft', []],
    ['Dead', []],
    ['Process', []],
    ['Control', []],
    ['Shift+Enter', []],
    ['Control+Enter', []],
    ['Backspace', ['deletion']],
    ['Delete', ['deletion']],
    ['Enter', ['blank', 'completion']],
    ['Tab', ['deletion', 'blank', 'completion']],
    ['Control+/', ['deletion', 'blank', 'chord']],
    ['Alt+ArrowDown', ['deletion', 'blank', 'chord']],
    ['Control+ ', ['deletion', 'blank', 'chord', 'completion']]
  ];
  for (const [name, can] of expected) {
    assert.deepEqual([...powers(key(name), false)], can, name);
  }
});

test('where keys have modes any of them can take away and begin lines', () => {
  assert.deepEqual([...powers(key('d'), true)], ['deletion', 'blank']);
});
