import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Copies } from '../src/provenance/copies';
import { fresh } from '../src/provenance/ledger';

function store(): { read(): string; write(hashes: string): void } {
  let kept = '';
  return { read: () => kept, write: hashes => void (kept = hashes) };
}

test('text that was copied out of a chat is known where it is pasted, in other tabs and after a reload too', () => {
  const shared = store();
  new Copies(shared).noteChat('import os\n  os.remove("a")\n');
  const later = new Copies(shared);
  assert.deepEqual(later.arrived('import os\n\nos.remove("a")', 'pasted'), [{ length: 25, arrival: 'copied' }]);
  assert.equal(later.arrived('import os\nos.remove("b")', 'pasted')[0]?.arrival, 'pasted');
});

test('what is dropped is known as what is pasted is', () => {
  const copies = new Copies(store());
  copies.noteChat('import os\nos.remove("a")');
  assert.equal(copies.arrived('import os\nos.remove("a")', 'dropped')[0]?.arrival, 'copied');
  assert.equal(copies.arrived('import os\nos.remove("b")', 'dropped')[0]?.arrival, 'dropped');
  copies.noteCell('x = f(1)', [
    { length: 4, arrival: 'typed' },
    { length: 4, arrival: 'api' }
  ]);
  assert.deepEqual(copies.arrived('x = f(1)', 'dropped').map(run => run.arrival), ['dropped', 'api']);
});

test('a hash is all that is kept, and a word says nothing', () => {
  const shared = store();
  const copies = new Copies(shared);
  copies.noteChat('password');
  copies.noteChat('df');
  assert.match(shared.read(), /^[0-9a-f]{64}$/);
  assert.equal(copies.arrived('df', 'pasted')[0]?.arrival, 'pasted');
});

test('copied out of a cell, a program’s characters stay a program’s', () => {
  const copies = new Copies(store());
  copies.noteCell('x = f(1)', [
    { length: 4, arrival: 'typed' },
    { length: 4, arrival: 'api' }
  ]);
  assert.deepEqual(copies.arrived('x = f(1)', 'pasted'), [
    { length: 4, arrival: 'pasted' },
    { length: 4, arrival: 'api' }
  ]);
  assert.deepEqual(copies.arrived('x = f(1)\n', 'pasted')[1], { length: 5, arrival: 'api' });
});

test('what was copied out of a cell and then out of a chat is the chat’s', () => {
  const copies = new Copies(store());
  copies.noteCell('import os\n  os.remove("a")', [{ length: 26, arrival: 'typed' }]);
  copies.noteChat('import os\nos.remove("a")\n');
  assert.deepEqual(copies.arrived('import os\n  os.remove("a")', 'pasted'), [{ length: 26, arrival: 'copied' }]);
  copies.noteCell('import os\n  os.remove("a")', [{ length: 26, arrival: 'typed' }]);
  assert.deepEqual(copies.arrived('import os\n  os.remove("a")', 'pasted'), [{ length: 26, arrival: 'pasted' }]);
});

test('only the latest copies are kept', () => {
  const shared = store();
  const copies = new Copies(shared);
  for (let i = 0; i < 600; i++) {
    copies.noteChat(`value_${i} = compute(${i})`);
  }
  assert.equal(shared.read().split(' ').length, 500);
  assert.equal(copies.arrived('value_1 = compute(1)', 'pasted')[0]?.arrival, 'pasted');
  assert.equal(copies.arrived('value_599 = compute(599)', 'pasted')[0]?.arrival, 'copied');
});

test('what a menu copies is as it is in the cell that it stands in, a program\u2019s place before others', () => {
  const copies = new Copies(store());
  copies.noteTaken('rm(x)', [fresh('y = 1\nrm(x)', 'typed'), fresh('rm(x)', 'program'), fresh('rm(x)', 'typed')]);
  assert.equal(copies.arrived('rm(x)', 'pasted')[0]?.arrival, 'program');
  copies.noteTaken('y = 1', [fresh('y = 1\nrm(x)', 'typed')]);
  assert.deepEqual(copies.arrived('y = 1', 'pasted'), [{ length: 5, arrival: 'pasted' }]);
  copies.noteTaken(' ', [fresh('a b', 'program')]);
  assert.equal(copies.arrived(' ', 'pasted')[0]?.arrival, 'pasted');
});
