import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Copies } from '../src/provenance/copies';

function store(): { read(): string; write(hashes: string): void } {
  let kept = '';
  return { read: () => kept, write: hashes => void (kept = hashes) };
}

test('text that was copied out of a chat is known where it is pasted, in other tabs and after a reload too', () => {
  const shared = store();
  new Copies(shared).noteChat('import os\n  os.remove("a")\n');
  const later = new Copies(shared);
  assert.deepEqual(later.pasted('import os\n\nos.remove("a")'), [{ length: 25, arrival: 'copied' }]);
  assert.equal(later.pasted('import os\nos.remove("b")')[0]?.arrival, 'pasted');
});

test('a hash is all that is kept, and a word says nothing', () => {
  const shared = store();
  const copies = new Copies(shared);
  copies.noteChat('password');
  copies.noteChat('df');
  assert.match(shared.read(), /^[0-9a-f]{64}$/);
  assert.equal(copies.pasted('df')[0]?.arrival, 'pasted');
});

test('copied out of a cell, a program’s characters stay a program’s', () => {
  const copies = new Copies(store());
  copies.noteCell('x = f(1)', [
    { length: 4, arrival: 'typed' },
    { length: 4, arrival: 'api' }
  ]);
  assert.deepEqual(copies.pasted('x = f(1)'), [
    { length: 4, arrival: 'pasted' },
    { length: 4, arrival: 'api' }
  ]);
  assert.deepEqual(copies.pasted('x = f(1)\n')[1], { length: 5, arrival: 'api' });
});

test('only the latest copies are kept', () => {
  const shared = store();
  const copies = new Copies(shared);
  for (let i = 0; i < 600; i++) {
    copies.noteChat(`value_${i} = compute(${i})`);
  }
  assert.equal(shared.read().split(' ').length, 500);
  assert.equal(copies.pasted('value_1 = compute(1)')[0]?.arrival, 'pasted');
  assert.equal(copies.pasted('value_599 = compute(599)')[0]?.arrival, 'copied');
});
