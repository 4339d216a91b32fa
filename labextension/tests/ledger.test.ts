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

test('text and arrivals follow any edits exactly; what a program does unseen leaves a mark and no more', () => {
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
      const unseen = edits.filter(one => (one.remove || one.insert) && !OWN.includes(one.arrival)).length;
      const changed = found.flatMap((one, i) => (one === marks[i] ? [] : [one]));
      // A mark is copied by nothing, so that each edit makes two at most: what is put before a line's first word
      // takes the line's beginning from it, too.
      assert.ok(changed.length <= unseen * 2);
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

/** What a program's edit makes of a text that a person typed: whether it leaves a mark. */
function marks(text: string, at: number, edit: { insert?: string; delete?: number }): boolean {
  const steps = [{ retain: at }, { insert: edit.insert ?? '' }, { delete: edit.delete ?? 0 }];
  return counts(applied(fresh(text, 'typed'), steps, 'program')).program !== undefined;
}

test('a program that ends a comment, or takes a call out of its block, leaves a mark', () => {
  assert.ok(marks('# rmtree(folder)', 2, { insert: '\n' }));
  assert.ok(marks('# rmtree(folder)', 2, { insert: ' \n ' }));
  const block = 'if old:\n    rmtree(folder)';
  assert.ok(marks(block, 9, { delete: 4 }));
  assert.ok(marks(block, 9, { delete: 2 }));
  assert.ok(marks(block, 9, { insert: '\t' }));
  // Two lines become one: the second is a comment now, or an argument.
  assert.ok(marks('# first\nkeep(folder)', 7, { delete: 1 }));
  assert.ok(marks('x = 1', 0, { insert: '    ' }));
  assert.ok(marks('!echo a \\\n!rm b', 9, { insert: '\n' }));
  // A person who does the same leaves none.
  assert.deepEqual(counts(applied(fresh('# rmtree(folder)', 'typed'), [{ retain: 2 }, { insert: '\n' }], 'typed')), {
    typed: 15
  });
});

test('a program that parts or joins what is one without blanks leaves a mark', () => {
  assert.ok(marks('!rm -rf /tmp/x', 9, { insert: ' ' }));
  assert.ok(marks('%%bash\nrm -rf /tmp/x', 15, { insert: ' ' }));
  assert.ok(marks('rmtree("/tmp/x")', 9, { insert: ' ' }));
  assert.ok(marks('delx', 3, { insert: ' ' }));
  assert.ok(marks('not old', 3, { delete: 1 }));
});

test('blanks of a program that change nothing leave none: empty lines, ends of lines, around operators', () => {
  assert.ok(!marks('a = f(1)\nb = 2', 8, { insert: '\n\n' }));
  assert.ok(!marks('a = f(1)\n\n\nb = 2', 9, { delete: 2 }));
  assert.ok(!marks('a = f(1)   \nb = 2', 8, { delete: 3 }));
  assert.ok(!marks('a = f(1)\n    \nb = 2', 9, { delete: 4 }));
  assert.ok(!marks('a = f(1)\n', 8, { delete: 1 }));
  assert.ok(!marks('a = f(1)', 8, { insert: '\n' }));
  assert.ok(!marks('a = f(1)', 0, { insert: '\n' }));
  assert.ok(!marks('a=f(1)', 1, { insert: ' ' }));
  assert.ok(!marks('a =  f(1)', 3, { delete: 1 }));
});

test('blanks that a program puts in or takes out leave a mark wherever lines begin otherwise', () => {
  const line = fc.tuple(fc.constantFrom('', '    ', '\t'), fc.constantFrom('x = f(1)', '# note', 'if a:', ''));
  const source = fc.array(line, { minLength: 1, maxLength: 6 }).map(all => all.map(one => one.join('')).join('\n'));
  const blanks = fc.array(fc.constantFrom(' ', '\n', '\t'), { minLength: 1, maxLength: 4 }).map(all => all.join(''));
  /** Lines as Python has them: those with something on them, each with its indent. */
  const lines = (text: string): string[] => text.split('\n').map(one => one.trimEnd()).filter(Boolean);
  const compact = (all: readonly string[]): string[] => all.map(one => one.replace(/(\S)\s+/g, '$1'));
  fc.assert(
    fc.property(source, blanks, fc.nat(), fc.boolean(), (text, blank, at, isTaken) => {
      const place = at % (text.length + 1);
      const rest = /^\s*/.exec(text.slice(place))?.[0].length ?? 0;
      const edit = isTaken ? { delete: Math.min(rest, blank.length) } : { insert: blank };
      const after = lines(text.slice(0, place) + (edit.insert ?? '') + text.slice(place + (edit.delete ?? 0)));
      const isMarked = marks(text, place, edit);
      if (compact(after).join('\n') !== compact(lines(text)).join('\n')) {
        assert.ok(isMarked);
      } else if (after.join('\n') === lines(text).join('\n')) {
        assert.ok(!isMarked);
      }
    }),
    { numRuns: 500 }
  );
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
