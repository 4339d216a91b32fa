import assert from 'node:assert/strict';
import { test } from 'node:test';

import { IEdit, isCompletionLike } from '../src/provenance/classify';

function puts(...inserted: readonly string[]): IEdit {
  return { inserted, deleted: '', line: '' };
}

test('a completion is a name, not a program', () => {
  assert.ok(isCompletionLike(puts('read_csv')));
  assert.ok(isCompletionLike(puts('größe')));
  assert.ok(isCompletionLike(puts('read_csv(')));
  assert.ok(isCompletionLike(puts("amount']")));
  assert.ok(isCompletionLike(puts('~/data/sales.csv"')));
  assert.ok(!isCompletionLike(puts('os.remove("a")')));
  assert.ok(!isCompletionLike(puts('import os; os.system("x")')));
  assert.ok(!isCompletionLike(puts('a\nb')));
});

test('a completion has a second word only in quotes, and a dash only in a word', () => {
  assert.ok(!isCompletionLike(puts('rm -rf ~/data')));
  assert.ok(!isCompletionLike(puts('sales data.csv')));
  assert.ok(!isCompletionLike(puts('-rf')));
  assert.ok(!isCompletionLike({ ...puts('rm -rf ~/data'), line: 'x = "a" ' }));
  assert.ok(!isCompletionLike({ ...puts('rm -rf ~/data'), line: `print("it's")` }));
  assert.ok(isCompletionLike(puts('"sales data.csv"')));
  assert.ok(isCompletionLike({ ...puts('sales data.csv"'), line: 'read_csv("' }));
  assert.ok(isCompletionLike({ ...puts('2026-11-27.csv'), line: "open('out/" }));
  assert.ok(isCompletionLike({ ...puts('it-is.csv'), line: `open("it's ` }));
  assert.ok(isCompletionLike({ ...puts('my-notes.txt'), line: '!cat ' }));
  assert.ok(isCompletionLike({ ...puts('my\\ notes.txt'), line: '!cat ' }));
});
