import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Reveals } from '../src/panel/reveal';

test('a question opens the panel once, the next one opens it again', () => {
  const reveals = new Reveals();
  assert.equal(reveals.isDue(['1'], true), true);
  // The person closes the panel, and something else of the session changes.
  assert.equal(reveals.isDue(['1'], true), false);
  assert.equal(reveals.isDue([], true), false);
  assert.equal(reveals.isDue(['2'], true), true);
});

test('a question that takes the place of another opens it too', () => {
  const reveals = new Reveals();
  reveals.isDue(['1'], true);
  assert.equal(reveals.isDue(['2'], true), true);
  assert.equal(reveals.isDue(['2', '3'], true), true);
});

test('one that was asked in another notebook opens it when the person comes there', () => {
  const reveals = new Reveals();
  assert.equal(reveals.isDue(['1'], false), false);
  assert.equal(reveals.isDue(['1'], true), true);
  assert.equal(reveals.isDue(['1'], false), false);
  assert.equal(reveals.isDue(['1'], true), false);
});

test('whatever comes, each question opens it exactly once while it stays open, at the first sight of it', () => {
  const step = fc.record({ open: fc.uniqueArray(fc.constantFrom('1', '2', '3')), isInFront: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), steps => {
      const reveals = new Reveals();
      const seen = new Set<string>();
      for (const { open, isInFront } of steps) {
        [...seen].filter(id => !open.includes(id)).forEach(id => seen.delete(id));
        const isNew = isInFront && open.some(id => !seen.has(id));
        assert.equal(reveals.isDue(open, isInFront), isNew);
        if (isInFront) {
          open.forEach(id => seen.add(id));
        }
      }
    })
  );
});
