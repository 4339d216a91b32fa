import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { authorship, commandKind, editorArrival, isCompletionLike, isEditorKey } from '../src/provenance/classify';
import { applied, Arrival, fresh } from '../src/provenance/ledger';

const NEVER = { key: -Infinity, paste: -Infinity, drop: -Infinity };
const TYPED_NOW = { ...NEVER, key: 5000 };

test('typing counts as typing only after a key of a person', () => {
  assert.equal(editorArrival('input.type', 5010, TYPED_NOW), 'typed');
  assert.equal(editorArrival('delete.backward', 5010, TYPED_NOW), 'typed');
  assert.equal(editorArrival('undo', 5010, TYPED_NOW), 'typed');
  assert.equal(editorArrival('input.type', 9000, TYPED_NOW), 'synthetic');
  assert.equal(editorArrival('input.type', 5010, NEVER), 'synthetic');
});

test('pasting needs a paste event, a key is not enough', () => {
  assert.equal(editorArrival('input.paste', 5010, TYPED_NOW), 'synthetic');
  assert.equal(editorArrival('input.paste', 5010, { ...NEVER, paste: 5000 }), 'pasted');
  assert.equal(editorArrival('input.drop', 5010, { ...NEVER, drop: 5000 }), 'dropped');
});

test('an edit that does not say what it is, is a program through the editor', () => {
  assert.equal(editorArrival('', 5010, TYPED_NOW), 'api');
  assert.equal(editorArrival('inputs-of-mine', 5010, TYPED_NOW), 'api');
});

test("the editor's own keys insert marks and blanks only", () => {
  assert.ok(isEditorKey('# # ', 5010, TYPED_NOW));
  assert.ok(!isEditorKey('# x', 5010, TYPED_NOW));
  assert.ok(!isEditorKey('# ', 5010, NEVER));
});

test('commands are known by what they do to text', () => {
  assert.equal(commandKind('inline-completer:accept'), 'inline-completion');
  assert.equal(commandKind('completer:select-notebook'), 'completion');
  assert.equal(commandKind('notebook:split-cell-at-cursor'), 'arrangement');
  assert.equal(commandKind('notebook:insert-cell-below'), 'other');
  assert.equal(commandKind('notebook:replace-selection'), 'other');
});

test('a completion is a name, not a program', () => {
  assert.ok(isCompletionLike('read_csv'));
  assert.ok(isCompletionLike('größe'));
  assert.ok(isCompletionLike('read_csv('));
  assert.ok(isCompletionLike("amount']"));
  assert.ok(isCompletionLike('~/data/sales.csv"'));
  assert.ok(!isCompletionLike('os.remove("a")'));
  assert.ok(!isCompletionLike('import os; os.system("x")'));
  assert.ok(!isCompletionLike('a\nb'));
});

const typed = fresh('total = frame["amount"].sum()', 'typed');

test('a cell that a person typed is theirs', () => {
  assert.deepEqual(authorship(typed), { author: 'human', shares: { typed: 1 } });
});

test('nobody watched: unknown', () => {
  assert.equal(authorship(null).author, 'unknown');
});

test('an empty cell can do nothing', () => {
  assert.equal(authorship(fresh('  ', 'program')).author, 'human');
});

test('text that was there is imported, also with a few characters added', () => {
  assert.equal(authorship(fresh('x = 1', 'loaded')).author, 'imported');
  const edited = applied(fresh('frame.describe()', 'loaded'), [{ retain: 16 }, { insert: '.T' }], 'typed');
  assert.equal(authorship(edited).author, 'imported');
});

test('one foreign character in a typed cell is enough for not calling it human', () => {
  const touched = applied(typed, [{ retain: 3 }, { insert: '_' }], 'program');
  assert.equal(authorship(touched).author, 'unknown');
});

test('a line of a program makes the cell an assistant’s, however much a person typed around it', () => {
  const mixed = applied(fresh('x = 1\n'.repeat(500), 'typed'), [{ insert: 'os.system("x")\n' }], 'api');
  assert.equal(authorship(mixed).author, 'assistant');
});

test('a person who types a cell anew makes it theirs', () => {
  const retyped = applied(fresh('drop()', 'program'), [{ insert: 'keep()' }, { delete: 6 }], 'typed');
  assert.equal(authorship(retyped).author, 'human');
});

test('no text with a program’s visible characters is ever called human', () => {
  const program = fc.constantFrom<Arrival>('inline-completed', 'synthetic', 'api', 'program', 'kernel', 'server');
  const visible = fc.string({ minLength: 1 }).filter(text => text.trim() !== '');
  fc.assert(
    fc.property(fc.string(), visible, fc.nat(), program, (own, inserted, at, arrival) => {
      const steps = [{ retain: at % (own.length + 1) }, { insert: inserted }];
      const ledger = applied(fresh(own, 'typed'), steps, arrival);
      const hasVisible = [...inserted].some(one => one.charCodeAt(0) > 32);
      assert.ok(!hasVisible || authorship(ledger).author !== 'human');
    })
  );
});
