import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { isProgram } from '../src/provenance/classify';
import { applied, Arrival, carried, counts, fresh, ILedger, IStep, joined, replaced, slice } from '../src/provenance/ledger';
import { programStretches } from '../src/tint/ranges';

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

const OWN: Arrival[] = ['typed', 'pasted', 'dropped', 'completed', 'loaded'];

test('text and arrivals follow any edits exactly; what a program takes away leaves a mark and no more', () => {
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
      const found = perCharacter(ledger);
      assert.equal(found.length, marks.length);
      const removals = edits.filter(one => one.remove && !OWN.includes(one.arrival)).length;
      const changed = found.flatMap((one, i) => (one === marks[i] ? [] : [one]));
      // A mark is copied by nothing, so that each removal makes two at most.
      assert.ok(changed.length <= removals * 2);
      changed.forEach(one => assert.ok(!OWN.includes(one)));
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

test('what a program takes away marks the visible characters on either side', () => {
  const before = fresh('DELETE FROM t WHERE id = 3;', 'typed');
  const after = applied(before, [{ retain: 13 }, { delete: 13 }], 'program');
  assert.equal(after.text, 'DELETE FROM t;');
  assert.deepEqual(counts(after), { typed: 10, program: 2 });
  assert.deepEqual(counts(applied(before, [{ retain: 13 }, { delete: 13 }], 'typed')), { typed: 12 });
});

test('text copied elsewhere brings its runs along', () => {
  const runs = [
    { length: 2, arrival: 'pasted' as const },
    { length: 3, arrival: 'api' as const }
  ];
  const after = applied(fresh('()', 'typed'), [{ retain: 1 }, { insert: 'ab123' }], runs);
  assert.deepEqual(counts(after), { typed: 2, pasted: 2, api: 3 });
  // Runs that do not fit the text are nobody's word.
  assert.deepEqual(counts(applied(fresh('', 'typed'), [{ insert: 'abc' }], runs)), { program: 3 });
});

test('lines that a key moves stay whose they were', () => {
  const own = fresh('# never: rm -rf data\nx = 1\n', 'typed');
  const mixed = applied(own, [{ retain: own.text.length }, { insert: '!rm -rf data' }], 'program');
  assert.deepEqual(carried(mixed, '\n!rm -rf data', isProgram), [
    { length: 1, arrival: 'typed' },
    { length: 12, arrival: 'program' }
  ]);
  assert.deepEqual(carried(mixed, 'x = 1\n', isProgram), [{ length: 6, arrival: 'typed' }]);
  // A piece of a line is none, and what stands there twice is as bad as the worse of the two.
  assert.equal(carried(own, 'rm -rf data', isProgram), null);
  assert.equal(carried(own, ' \n', isProgram), null);
  const twice = applied(mixed, [{ insert: '!rm -rf data\n' }], 'typed');
  assert.deepEqual(carried(twice, '!rm -rf data', isProgram), [{ length: 12, arrival: 'program' }]);
});

test('the tint covers what programs wrote, and nothing else', () => {
  const run = fc.record({ length: fc.nat({ max: 5 }), arrival: fc.constantFrom(...ARRIVALS) });
  fc.assert(
    fc.property(fc.array(run), runs => {
      const byCharacter = runs.flatMap(({ length, arrival }) => Array.from({ length }, () => isProgram(arrival)));
      const stretches = programStretches(runs);
      const covered = byCharacter.map((_, at) => stretches.some(({ from, to }) => from <= at && at < to));
      assert.deepEqual(covered, byCharacter);
      stretches.forEach(({ from, to }, index) => {
        assert.ok(from < to && to <= byCharacter.length && (stretches[index + 1]?.from ?? Infinity) > to);
      });
    })
  );
});
