import assert from 'node:assert/strict';
import { test } from 'node:test';

import { applied, fresh } from '../src/provenance/ledger';
import { TextMemory } from '../src/provenance/memory';

test('a state that comes back whole keeps its runs', () => {
  const memory = new TextMemory();
  const mixed = applied(fresh('a = 1\n', 'typed'), [{ retain: 6 }, { insert: 'b = 2' }], 'program');
  memory.remember(mixed);
  assert.deepEqual(memory.recall('a = 1\nb = 2'), mixed.runs);
  assert.equal(memory.recall('a = 1\nb = 3'), null);
});

test('a split keeps the origin of either side', () => {
  const memory = new TextMemory();
  memory.remember(applied(fresh('a = 1\n', 'typed'), [{ retain: 6 }, { insert: 'b = 2' }], 'program'));
  assert.deepEqual(memory.reassemble('a = 1'), [{ length: 5, arrival: 'typed' }]);
  assert.deepEqual(memory.reassemble('b = 2'), [{ length: 5, arrival: 'program' }]);
});

test('a merge keeps the origin of both parts', () => {
  const memory = new TextMemory();
  memory.remember(fresh('first = 1', 'typed'));
  memory.remember(fresh('second = 2', 'program'));
  assert.deepEqual(memory.reassemble('first = 1\n\nsecond = 2'), [
    { length: 9, arrival: 'typed' },
    { length: 12, arrival: 'program' }
  ]);
  assert.deepEqual(memory.reassemble(' second = 2\nfirst = 1\n'), [
    { length: 11, arrival: 'program' },
    { length: 11, arrival: 'typed' }
  ]);
});

test('a merge is also seen where the keystrokes before it are remembered', () => {
  const memory = new TextMemory();
  for (const state of ['a', 'a = 1', 'a = 1\n', 'b', 'b = 2']) {
    memory.remember(fresh(state, 'typed'));
  }
  assert.deepEqual(memory.reassemble('a = 1\n\nb = 2'), [{ length: 12, arrival: 'typed' }]);
});

test('text with something new in it is not put together from old text', () => {
  const memory = new TextMemory();
  memory.remember(fresh('first = 1', 'typed'));
  assert.equal(memory.reassemble('first = 1\nos.remove("x")'), null);
});

test('a piece of a line, or pieces on one line, are no arrangement of cells', () => {
  const memory = new TextMemory();
  memory.remember(fresh('# never: rm -rf data', 'typed'));
  assert.equal(memory.reassemble('rm -rf data'), null);
  memory.remember(fresh('rm ', 'typed'));
  memory.remember(fresh('-rf data', 'typed'));
  assert.equal(memory.reassemble('rm -rf data'), null);
});

test('memory is bounded and forgets the oldest first', () => {
  const memory = new TextMemory(100);
  for (let i = 0; i < 50; i++) {
    memory.remember(fresh(`x${String(i).padStart(4, '0')}`, 'typed'));
  }
  assert.equal(memory.recall('x0000'), null);
  assert.notEqual(memory.recall('x0049'), null);
});

test('a text too big to keep is not kept', () => {
  const memory = new TextMemory(100);
  memory.remember(fresh('y'.repeat(50), 'typed'));
  assert.equal(memory.recall('y'.repeat(50)), null);
});
