import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { hunks, lineDiff } from '../src/panel/diff';

const TEXT = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map(lines => lines.join('\n'));

test('both texts can be read from the difference', () => {
  fc.assert(
    fc.property(TEXT, TEXT, (before, after) => {
      const lines = lineDiff(before, after);
      const without = (sign: string): string => lines.filter(line => line.sign !== sign).map(line => line.text).join('\n');
      assert.equal(without('+'), before);
      assert.equal(without('-'), after);
    })
  );
});

test('equal texts have no difference, and what is common is not called new', () => {
  assert.deepEqual(hunks(lineDiff('a\nb', 'a\nb')), []);
  assert.deepEqual(
    lineDiff('a\nb\nc', 'a\nx\nc').map(line => line.sign + line.text),
    [' a', '-b', '+x', ' c']
  );
});

test('far from a change nothing is shown but that something was left out', () => {
  const before = Array.from({ length: 20 }, (_, index) => `l${index}`);
  const after = before.map((line, index) => (index === 2 || index === 18 ? 'new' : line));
  const shown = hunks(lineDiff(before.join('\n'), after.join('\n')), 1);
  assert.deepEqual(
    shown.map(line => (line ? line.sign + line.text : '…')),
    [' l1', '-l2', '+new', ' l3', '…', ' l17', '-l18', '+new', ' l19']
  );
});

test('texts too long to compare are shown whole, at once', () => {
  const long = (mark: string): string => Array.from({ length: 3000 }, (_, index) => mark + index).join('\n');
  assert.equal(lineDiff(long('a'), long('b')).length, 6000);
});
