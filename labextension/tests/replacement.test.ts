import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { applied, fresh } from '../src/provenance/ledger';
import { replacement } from '../src/provenance/replacement';

const RENAMED = { query: 'old', value: 'new_one' };

test('what the box finds may be replaced, once or everywhere, and nothing else', () => {
  const text = 'old = 1\nprint(old)';
  assert.deepEqual(replacement(text, 'new_one = 1\nprint(old)', RENAMED), [
    { retain: 0 },
    { delete: 3 },
    { insert: 'new_one' },
    { retain: 14 },
    { retain: 1 }
  ]);
  assert.ok(replacement(text, 'old = 1\nprint(new_one)', RENAMED));
  assert.ok(replacement(text, 'new_one = 1\nprint(new_one)', RENAMED));
  assert.equal(replacement(text, 'rm = 1\nprint(old)', RENAMED), null);
  assert.equal(replacement(text, 'new_one = 1\nprint(old)\nrmtree(x)', RENAMED), null);
  assert.equal(replacement(text, 'new_one = 1', RENAMED), null);
  assert.equal(replacement(text, text, RENAMED), null);
  assert.equal(replacement('x = 1', 'new_one', RENAMED), null);
});

test('whatever switches of the box are on', () => {
  assert.ok(replacement('Old and OLD', 'New_one and NEW_ONE', RENAMED));
  assert.ok(replacement('a.b + acb', 'x + acb', { query: 'a.b', value: 'x' }));
  assert.ok(replacement('a1 + a22', 'b1 + b22', { query: 'a(\\d+)', value: 'b$1' }));
  assert.ok(replacement('older + old', 'older + new_one', RENAMED));
  // Taking away is replacing by nothing.
  assert.deepEqual(replacement('# x', 'x', { query: '# ', value: '' })?.filter(step => step.delete), [{ delete: 2 }]);
});

test('what is no expression, or finds the empty text, replaces nothing', () => {
  assert.equal(replacement('x', 'y', { query: '(', value: 'y' }), null);
  assert.equal(replacement('x', 'yx', { query: 'q*', value: 'y' }), null);
});

test('text of a program between two finds stays a program’s', () => {
  const ledger = applied(fresh('old; old', 'typed'), [{ retain: 4 }, { insert: 'drop();' }], 'program');
  const steps = replacement(ledger.text, 'new_one;drop(); new_one', RENAMED);
  assert.deepEqual(steps && applied(ledger, steps, 'typed').runs, [
    { length: 8, arrival: 'typed' },
    { length: 7, arrival: 'program' },
    { length: 8, arrival: 'typed' }
  ]);
});

test('the steps lead from one text to the other and put in the value alone', () => {
  const part = fc.constantFrom('old', 'a', '(', '.', ' ', 'x.y');
  const query = fc.constantFrom('old', 'x.y', '(', 'a');
  fc.assert(
    fc.property(fc.array(part), query, fc.string({ maxLength: 6 }), fc.array(fc.boolean()), (parts, find, value, which) => {
      const before = parts.join('');
      let count = 0;
      const after = before.split(find).reduce((all, rest) => all + (which[count++] ? value : find) + rest);
      const steps = replacement(before, after, { query: find, value });
      if (before === after) {
        return;
      }
      assert.ok(steps);
      assert.equal(applied(fresh(before, 'typed'), steps, 'typed').text, after);
      steps.forEach(step => step.insert === undefined || assert.equal(step.insert.toLowerCase(), value.toLowerCase()));
    })
  );
});

test('an edit of a program’s own while the person replaces is not explained', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), fc.nat(), (text, put, at) => {
      const place = at % (text.length + 1);
      const after = text.slice(0, place) + put + text.slice(place);
      assert.equal(replacement(text, after, { query: 'a word that nobody has', value: put }), null);
    })
  );
});
