import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { authorship } from '../src/provenance/classify';
import { ARRIVALS, ILedger, joined } from '../src/provenance/ledger';
import { sha256 } from '../src/provenance/sha256';
import { decoded, encoded, storedOrigin, unvouched } from '../src/provenance/stored';

const ledger = fc
  .array(fc.tuple(fc.constantFrom(...ARRIVALS), fc.string({ minLength: 1, maxLength: 9 })), { maxLength: 12 })
  .map((parts): ILedger => {
    const runs = joined(parts.map(([arrival, text]) => ({ arrival, length: text.length })));
    return { text: parts.map(([, text]) => text).join(''), runs };
  });

test('what is stored of a ledger is read back as it was, and only for its own text', () => {
  fc.assert(
    fc.property(ledger, ({ text, runs }) => {
      const stored = JSON.parse(JSON.stringify({ sha256: sha256(text), runs: encoded(runs) })) as object;
      assert.deepEqual(decoded(stored, text), [...runs]);
      assert.equal(decoded(stored, `${text} `), null);
    })
  );
});

test('without a guard that vouches, no metadata makes a text a person’s, and a program’s stays one', () => {
  fc.assert(
    fc.property(ledger, fc.constantFrom('human', 'assistant', 'imported', 7, undefined), (known, author) => {
      const { text, runs } = known;
      const ledgerAfter = unvouched(text, { author, sha256: sha256(text), runs: encoded(runs) });
      assert.equal(ledgerAfter.text, text);
      assert.equal(
        ledgerAfter.runs.reduce((sum, run) => sum + run.length, 0),
        text.length
      );
      const after = authorship(ledgerAfter).author;
      assert.ok(!text.trim() || after !== 'human');
      assert.ok(authorship(known).author !== 'assistant' || after === 'assistant');
    })
  );
});

test('edited metadata that makes no sense counts as nothing', () => {
  const odd = fc.oneof(fc.anything(), fc.record({ origin: fc.anything() }));
  fc.assert(
    fc.property(odd, metadata => {
      assert.notEqual(authorship(unvouched('x = 1', storedOrigin(metadata))).author, 'human');
    })
  );
});

test('too many changes of hand are not stored', () => {
  const runs = Array.from({ length: 300 }, (_, i) => ({ length: 1, arrival: ARRIVALS[i % 2] ?? 'typed' }));
  assert.equal(encoded(runs), null);
});
