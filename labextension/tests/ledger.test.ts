import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { applied, Arrival, counts, fresh, ILedger, IStep, joined, replaced, slice } from '../src/provenance/ledger';

const ARRIVALS: Arrival[] = ['typed', 'pasted', 'api', 'program', 'loaded'];
const arrival = fc.constantFrom(...ARRIVALS);
const edit = fc.record({ at: fc.nat(60), remove: fc.nat(10), insert: fc.string({ maxLength: 12 }), arrival });

function steps(text: string, one: { at: number; remove: number; insert: string }): IStep[] {
  const at = Math.min(one.at, text.length);
  return [{ retain: at }, { insert: one.insert }, { delete: Math.min(one.remove, text.length - at) }];
}

function perCharacter(ledger: ILedger): Arrival[] {
  return ledger.runs.flatMap(run => Array<Arrival>(run.length).fill(run.arrival));
}

test('text and arrivals follow any edits exactly', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(edit), (start, edits) => {
      let ledger = fresh(start, 'loaded');
      let text = start;
      let marks: Arrival[] = Array<Arrival>(start.length).fill('loaded');
      for (const one of edits) {
        const at = Math.min(one.at, text.length);
        ledger = applied(ledger, steps(text, one), one.arrival);
        text = text.slice(0, at) + one.insert + text.slice(at + one.remove);
        marks = [
          ...marks.slice(0, at),
          ...Array<Arrival>(one.insert.length).fill(one.arrival),
          ...marks.slice(at + one.remove)
        ];
      }
      assert.equal(ledger.text, text);
      assert.deepEqual(perCharacter(ledger), marks);
    })
  );
});

test('neighbouring runs always differ and are never empty', () => {
  fc.assert(
    fc.property(fc.array(edit), edits => {
      let ledger = fresh('', 'typed');
      edits.forEach(one => (ledger = applied(ledger, steps(ledger.text, one), one.arrival)));
      ledger.runs.forEach((run, i) => {
        assert.ok(run.length > 0);
        assert.notEqual(run.arrival, ledger.runs[i + 1]?.arrival);
      });
    })
  );
});

test('a program that sets the whole text owns only what it changed', () => {
  const before = fresh('df = load("a.csv")\ndf.head()', 'typed');
  const after = replaced(before, 'df = load("b.csv")\ndf.head()', 'program');
  assert.equal(after.text, 'df = load("b.csv")\ndf.head()');
  assert.deepEqual(counts(after), { typed: 24, program: 1 });
});

test('setting the whole text never loses or invents a character', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (old, text) => {
      const after = replaced(fresh(old, 'typed'), text, 'program');
      assert.equal(after.text, text);
      assert.equal(perCharacter(after).length, text.length);
    })
  );
});

test('slices put together again are the whole', () => {
  const ledger = applied(fresh('abcdef', 'typed'), [{ retain: 3 }, { insert: 'XYZ' }], 'program');
  const runs = joined(slice(ledger.runs, 0, 4), slice(ledger.runs, 4, 9));
  assert.deepEqual(runs, ledger.runs);
});

test('blanks say nothing about an author', () => {
  assert.deepEqual(counts(fresh('  \n\t ', 'program')), {});
});
