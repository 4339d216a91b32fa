import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TranslationBundle } from '@jupyterlab/translation';

import { parseHappened, unlikeForeseen } from '../src/happened';
import { parseReport } from '../src/protocol';

const say = (text: string, ...values: unknown[]): string =>
  values.reduce<string>((said, value, index) => said.replace(`%${index + 1}`, () => String(value)), text);
const trans = { __: say } as unknown as TranslationBundle;

test('what a cell did is said where it was not what was foreseen', () => {
  const found = parseHappened({ both: ['file.write out'], foreseen: ['process.run a b'], seen: ['file.delete old data'] });
  assert.equal(unlikeForeseen(found, trans), 'Seen, not foreseen: deleting `old data`. Foreseen, not seen: running `a b`.');
});

test('it is no news where it was, or where nobody knows', () => {
  assert.equal(unlikeForeseen(parseHappened({ both: ['file.write out'], foreseen: [], seen: 'garbled' }), trans), '');
  assert.equal(parseReport({ msg_id: 'm', verdict: 'allow' })?.happened, undefined);
  assert.deepEqual(parseReport({ msg_id: 'm', happened: { seen: ['file.write a'] } })?.happened?.seen, ['file.write a']);
});

test('it stays short', () => {
  const seen = Array.from({ length: 9 }, (_, at) => `file.delete ${at}`);
  assert.match(unlikeForeseen({ both: [], foreseen: [], seen }, trans), /`3` and 5 more\.$/);
});
