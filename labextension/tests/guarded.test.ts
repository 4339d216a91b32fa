import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { guardedTwin, isGuarded } from '../src/connection/guarded';
import { proseParts } from '../src/dom';
import { shownState, stateTone } from '../src/words';

const SPECS = {
  python3: { language: 'python', display_name: 'Python 3' },
  other: { language: 'python', display_name: 'Other' },
  ir: { language: 'R', display_name: 'R' },
  'guarded-python': {
    language: 'python',
    display_name: 'Guarded Python',
    metadata: { jupyter_guard: { guarded: true, wraps: 'python3' } }
  },
  mine: { language: 'python', display_name: 'Mine', metadata: { jupyter_guard: { guarded: true, wraps: 'other' } } }
};

test('guarded by name or by metadata', () => {
  assert.ok(isGuarded('guarded-ir', undefined));
  assert.ok(isGuarded('mine', SPECS.mine));
  assert.ok(!isGuarded('python3', SPECS.python3));
  assert.ok(!isGuarded('x', { metadata: { jupyter_guard: { guarded: 'yes' } } }));
});

test('the twin is the one that wraps the kernel, else one of its language', () => {
  assert.equal(guardedTwin('python3', SPECS)?.name, 'guarded-python');
  assert.equal(guardedTwin('other', SPECS)?.title, 'Mine');
  assert.equal(guardedTwin('ir', SPECS), null);
});

test('prose keeps every character but the paired back-ticks', () => {
  assert.deepEqual(proseParts('drops `a` and `b'), [
    { text: 'drops ', code: false },
    { text: 'a', code: true },
    { text: ' and `b', code: false }
  ]);
  fc.assert(
    fc.property(fc.string(), text => {
      const back = proseParts(text)
        .map(part => (part.code ? `\`${part.text}\`` : part.text))
        .join('');
      assert.equal(back, text);
    })
  );
});

test('a run with a warning has the tone of a warning', () => {
  assert.equal(stateTone(shownState({ state: 'ran', verdict: 'warn' })), 'warn');
  assert.equal(stateTone(shownState({ state: 'ran', verdict: 'allow' })), 'calm');
  assert.equal(stateTone(shownState({ state: 'declined', verdict: 'confirm' })), 'stop');
});
