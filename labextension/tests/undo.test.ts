import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { parseBroughtBack, parseSteps, sizeWords } from '../src/undo/steps';

test('any answer about changed files is read or shown, and never throws', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (value, words) => {
      for (const answer of [words, JSON.stringify({ steps: value }) ?? '', JSON.stringify({ steps: [value, { files: [value] }] }) ?? '']) {
        const found = parseSteps(answer);
        if ('steps' in found) {
          assert.ok(found.steps.every(step => Number.isInteger(step.step) && step.files.every(file => typeof file.path === 'string')));
        } else {
          assert.equal(found.problem, answer);
        }
      }
    })
  );
});

test('a step has its files with their sizes', () => {
  const file = { path: 'a/b.csv', kind: 'deleted', folder: false, before: 12_400, after: 0 };
  const answer = JSON.stringify({ steps: [{ step: 7, cell: 3, origin: 'assistant', code: 'rmtree', files: [file], more: 2 }] });
  const found = parseSteps(answer);
  assert.ok('steps' in found);
  assert.deepEqual(found.steps, [
    { step: 7, cell: 3, origin: 'assistant', code: 'rmtree', more: 2, files: [{ path: 'a/b.csv', kind: 'deleted', isFolder: false, before: 12_400, after: 0 }] }
  ]);
  assert.equal(sizeWords(12_400), '12.4 kB');
  assert.equal(sizeWords(999), '999 bytes');
});

test('newer work is told from what was brought back', () => {
  assert.deepEqual(parseBroughtBack(JSON.stringify({ newer: 'brings back a.csv' })), { newer: 'brings back a.csv' });
  assert.deepEqual(parseBroughtBack(JSON.stringify({ said: 'Brought back.' })), { said: 'Brought back.' });
  assert.deepEqual(parseBroughtBack('There is no answer'), { said: 'There is no answer' });
});
