import assert from 'node:assert/strict';
import { test } from 'node:test';

import { explained, IUnexplained } from '../src/provenance/explain';
import { Arrival, fresh } from '../src/provenance/ledger';
import { TextMemory } from '../src/provenance/memory';

function appeared(text: string, arrival: Arrival, isTaken = false): IUnexplained {
  return { isTaken, arrival, before: fresh('', arrival), after: fresh(text, arrival), steps: [{ insert: text }] };
}

const memory = new TextMemory();
memory.remember(fresh('rm -rf data', 'typed'));
memory.remember(fresh('rm -rf data/old', 'typed'));

test('an earlier text comes back as whose it was by an arrangement of cells, and by nothing else', () => {
  const edit = appeared('rm -rf data', 'program');
  assert.deepEqual(explained(edit, 'arrangement', memory)?.runs, [{ length: 11, arrival: 'typed' }]);
  assert.equal(explained(edit, 'other', memory), null);
  assert.equal(explained(edit, 'completion', memory), null);
});

test('an arrangement explains no text of another client, and none that nobody knew', () => {
  assert.equal(explained(appeared('rm -rf data', 'server'), 'arrangement', memory), null);
  assert.equal(explained(appeared('rm -rf /', 'program'), 'arrangement', memory), null);
});

test('an accepted completion is a name; a model’s suggestion stays a model’s', () => {
  assert.equal(explained(appeared('read_csv', 'api', true), 'completion', memory)?.runs[0]?.arrival, 'completed');
  // Without a key that takes one, any program could call its edit so.
  assert.equal(explained(appeared('read_csv', 'api'), 'completion', memory), null);
  assert.equal(explained(appeared('os.remove("a")', 'api', true), 'completion', memory), null);
  assert.equal(explained(appeared('x', 'api'), 'inline-completion', memory)?.runs[0]?.arrival, 'inline-completed');
});
