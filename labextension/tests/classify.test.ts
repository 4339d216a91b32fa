import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { authorship, commandKind, editOf, editorArrival, IEdit, IEditorInput } from '../src/provenance/classify';
import { isEditorKey, isLineKey } from '../src/provenance/classify';
import { Power } from '../src/provenance/keys';
import { applied, Arrival, fresh } from '../src/provenance/ledger';
import { isBrought, TypedCharacters } from '../src/provenance/typing';

/** What a person did in an editor; `text` is what their own events said they put in. */
function did(times: Partial<IEditorInput>, text = ''): IEditorInput {
  const typed = new TypedCharacters(1000);
  typed.note(text, 5000);
  const take = (pieces: readonly string[]): boolean => typed.take(pieces, 5000);
  const never = (): boolean => false;
  return { key: -Infinity, takeBrought: never, takeRead: never, take, takeKey: never, ...times };
}

/** The person's last key or click can do that. */
function can(power: Power): IEditorInput['takeKey'] {
  return one => one === power;
}

function puts(...inserted: readonly string[]): IEdit {
  return { inserted, deleted: '', line: '' };
}

function takes(deleted: string): IEdit {
  return { inserted: [], deleted, line: '' };
}

const KEY = { key: 5000 };
const NEVER = did({});

function brought(by: 'paste' | 'drop', text: string): Partial<IEditorInput> {
  return { takeBrought: (how, pieces) => how === by && isBrought(pieces, text) };
}

test('typing counts as typing only after a key of a person in this editor', () => {
  assert.equal(editorArrival('input.type', puts('x'), 5010, did(KEY, 'x')), 'typed');
  assert.equal(editorArrival('input', puts('\n    '), 5010, did({ ...KEY, takeKey: can('blank') })), 'typed');
  assert.equal(editorArrival('delete.backward', takes('x'), 5010, did({ ...KEY, takeKey: can('deletion') })), 'typed');
  assert.equal(editorArrival('input.type', puts('x'), 9000, did(KEY, 'x')), 'synthetic');
  assert.equal(editorArrival('input.type', puts('x'), 5010, did({}, 'x')), 'synthetic');
  assert.equal(editorArrival('delete.backward', takes('x'), 5010, NEVER), 'synthetic');
});

test('what is taken away needs a key that does so, be it blanks', () => {
  assert.equal(editorArrival('delete.backward', takes(' WHERE id=3'), 5010, did(KEY, 'x')), 'synthetic');
  assert.equal(editorArrival('input.type', takes('#'), 5010, did(KEY, 'x')), 'synthetic');
  assert.equal(editorArrival('delete.dedent', takes('    '), 5010, did(KEY)), 'synthetic');
  assert.equal(editorArrival('delete.dedent', takes('    '), 5010, did({ ...KEY, takeKey: can('deletion') })), 'typed');
  // What a person types over a selection takes it away.
  assert.equal(editorArrival('input.type', { inserted: ['x'], deleted: 'old', line: '' }, 5010, did(KEY, 'x')), 'typed');
});

test('blanks need a key that puts them in, alone and over a selection', () => {
  const blank = did({ ...KEY, takeKey: can('blank') });
  const over = { inserted: ['\n'], deleted: 'old', line: '' };
  for (const edit of [puts('\n'), puts('    '), over]) {
    assert.equal(editorArrival('input', edit, 5010, did(KEY, 'x')), 'synthetic');
    assert.equal(editorArrival('input', edit, 5010, blank), 'typed');
    assert.equal(editorArrival('input', edit, 9000, blank), 'synthetic');
  }
  // Characters of the person's own are none: a line's end that goes with them is.
  assert.equal(editorArrival('input.type', puts('x\n'), 5010, did(KEY, 'x')), 'typed');
});

test('typing puts in no more than what the person typed', () => {
  assert.equal(editorArrival('input.type', puts('x = drop()'), 5010, did(KEY, 'x')), 'synthetic');
  assert.equal(editorArrival('input', puts('drop()'), 5010, did(KEY)), 'synthetic');
  assert.equal(editorArrival('delete.word', puts('drop()'), 5010, did(KEY)), 'synthetic');
});

test('undoing in an editor is nobody\'s by its name alone', () => {
  assert.equal(editorArrival('undo', puts('drop()'), 5010, did(KEY, 'drop()')), 'synthetic');
  assert.equal(editorArrival('redo', takes('# '), 5010, did(KEY)), 'synthetic');
});

test('pasting needs a paste event, a key is not enough', () => {
  assert.equal(editorArrival('input.paste', puts('x'), 5010, did(KEY, 'x')), 'synthetic');
  assert.equal(editorArrival('input.paste', puts('x'), 5010, did(brought('paste', 'x'))), 'pasted');
  assert.equal(editorArrival('input.drop', puts('x'), 5010, did(brought('drop', 'x'))), 'dropped');
  assert.equal(editorArrival('input.drop', puts('x'), 5010, did(brought('paste', 'x'))), 'synthetic');
});

test('a paste explains what stood on the clipboard and no more', () => {
  const text = 'x = 1\r\n  y = 2';
  const arrival = (...pieces: readonly string[]): string =>
    editorArrival('input.paste', puts(...pieces), 5010, did(brought('paste', text)));
  assert.equal(arrival('x = 1\n  y = 2'), 'pasted');
  assert.equal(arrival('x = 1\n  y = 2\n'), 'pasted');
  // At two cursors, whole or a line at each.
  assert.equal(arrival('x = 1\n  y = 2', 'x = 1\n  y = 2'), 'pasted');
  assert.equal(arrival('x = 1', '  y = 2'), 'pasted');
  assert.equal(arrival('rmtree(x)'), 'synthetic');
  assert.equal(arrival('x = 1\n  y = 2\nrmtree(x)'), 'synthetic');
  assert.equal(arrival('x = 1\n  y = 2', 'rmtree(x)'), 'synthetic');
  assert.equal(arrival(), 'synthetic');
});

test('what is pasted is itself at any number of cursors, with any ends of lines', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 4 }), fc.constantFrom('', '\n'), (text, cursors, end) => {
      assert.ok(isBrought(Array<string>(cursors).fill(text + end), text.replace(/\n/g, '\r\n')));
      assert.ok(!isBrought([`${text}x`], text));
    })
  );
});

test('what calls itself a completion has to be like one, and to come after a key that takes one', () => {
  const accepts = did({ ...KEY, takeKey: can('completion') });
  assert.equal(editorArrival('input.complete', puts('read_csv'), 5010, accepts), 'completed');
  assert.equal(editorArrival('input.complete', puts('os.remove("a")'), 5010, accepts), 'synthetic');
  assert.equal(editorArrival('input.complete', puts('read_csv'), 5010, did(KEY)), 'synthetic');
});

test("the front end's own menus and list do not say what they do: one click, one change", () => {
  const edit = (inserted: readonly string[], deleted: string, own: Partial<IEditorInput>): string =>
    editorArrival('', { inserted, deleted, line: '' }, 5010, did(own));
  assert.equal(edit([], 'old()', { takeKey: can('cut') }), 'typed');
  assert.equal(edit(['new()'], 'old()', { takeKey: can('cut') }), 'api');
  assert.equal(edit(['read_csv'], 'read', { takeKey: can('choice') }), 'completed');
  assert.equal(edit(['os.remove("a")'], '', { takeKey: can('choice') }), 'api');
  assert.equal(edit(['os.remove("a")'], '', { takeRead: pieces => isBrought(pieces, 'os.remove("a")') }), 'pasted');
  assert.equal(edit(['os.remove("b")'], '', { takeRead: pieces => isBrought(pieces, 'os.remove("a")') }), 'api');
});

test('a blank that is typed ends no line', () => {
  const blank = did({ ...KEY, takeKey: can('space') });
  assert.equal(editorArrival('input.type', puts(' '), 5010, blank), 'typed');
  assert.equal(editorArrival('input.type', puts('\n'), 5010, blank), 'synthetic');
});

test('an edit that does not say what it is, is a program through the editor', () => {
  assert.equal(editorArrival('', puts('x'), 5010, did(KEY, 'x')), 'api');
  assert.equal(editorArrival('inputs-of-mine', puts('x'), 5010, did(KEY, 'x')), 'api');
});

test("the editor's own keys put in and take away marks and blanks only", () => {
  const chord = did({ key: 5000, takeKey: can('chord') });
  assert.ok(isEditorKey(puts('# ', '# '), 5010, chord));
  assert.ok(isEditorKey(takes('# '), 5010, chord));
  assert.ok(!isEditorKey(puts('# x'), 5010, chord));
  assert.ok(!isEditorKey(takes(' WHERE id=3'), 5010, chord));
  assert.ok(!isEditorKey({ inserted: ['#'], deleted: ' WHERE id=3', line: '' }, 5010, chord));
  assert.ok(isEditorKey(puts('    '), 5010, did({ ...KEY, takeKey: can('blank') })));
  assert.ok(!isEditorKey(puts('\n'), 5010, did(KEY)));
});

test('a program that takes something away just after a key is not the key', () => {
  assert.ok(!isEditorKey(takes('# '), 5010, did(KEY)));
  assert.ok(!isEditorKey(takes(' WHERE id=3'), 5010, did(KEY)));
  assert.ok(!isEditorKey(puts('# '), 5010, did(KEY)));
  assert.ok(!isEditorKey(puts('    '), 5010, did({ takeKey: can('blank') })));
});

test('a key that moves lines is one that gives commands, in this editor', () => {
  const chord = did({ ...KEY, takeKey: can('chord') });
  assert.ok(isLineKey('move.line', chord));
  assert.ok(isLineKey('input.copyline', chord));
  assert.ok(!isLineKey('move.line', did(KEY)));
  assert.ok(!isLineKey('input.type', chord));
});

test('an edit is read off its steps', () => {
  const steps = [{ retain: 2 }, { insert: 'x' }, { delete: 3 }, { retain: 1 }, { delete: 1 }, { insert: 'y' }];
  assert.deepEqual(editOf(fresh('ab123c4', 'typed'), steps), { inserted: ['x', 'y'], deleted: '1234', line: 'ab' });
  assert.equal(editOf(fresh('a\nbc', 'typed'), [{ retain: 3 }, { insert: 'x' }]).line, 'b');
  assert.equal(editOf(fresh('\na', 'typed'), [{ insert: 'x' }]).line, '');
});

test('commands are known by what they do to text', () => {
  assert.equal(commandKind('inline-completer:accept'), 'inline-completion');
  assert.equal(commandKind('completer:select-notebook'), 'completion');
  assert.equal(commandKind('notebook:split-cell-at-cursor'), 'arrangement');
  assert.equal(commandKind('notebook:insert-cell-below'), 'other');
  for (const id of ['notebook:undo', 'notebook:redo-cell-action', 'editmenu:undo', 'notebook:undo-cell-action']) {
    assert.equal(commandKind(id), 'undoing');
  }
  assert.equal(commandKind('notebook:replace-selection'), 'other');
});

const typed = fresh('total = frame["amount"].sum()', 'typed');

test('a cell that a person typed is theirs', () => {
  assert.deepEqual(authorship(typed), { author: 'human', shares: { typed: 1 }, byPeople: 1 });
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
  const settings = fresh('# how many rows there are to be read\nrows = 1000', 'typed');
  const more = applied(settings, [{ retain: settings.text.length }, { insert: '0' }], 'program');
  assert.equal(authorship(more).author, 'unknown');
});

test('a small change of a program’s makes the cell an assistant’s where its line acts', () => {
  const listing = fresh('# what is there in this folder of ours, for a start\n!ls out', 'typed');
  const at = listing.text.indexOf('ls');
  const removal = applied(listing, [{ retain: at }, { insert: 'rm' }, { delete: 2 }], 'program');
  assert.equal(removal.text.split('\n')[1], '!rm out');
  assert.equal(authorship(removal).author, 'assistant');
  const noted = applied(listing, [{ retain: 3 }, { insert: 'ah, ' }], 'program');
  assert.equal(authorship(noted).author, 'unknown');
});

test('a program that only takes away is no person either', () => {
  const query = fresh('%%sql\nDELETE FROM sales WHERE id = 3', 'typed');
  const at = query.text.indexOf(' WHERE');
  assert.equal(authorship(applied(query, [{ retain: at }, { delete: 13 }], 'program')).author, 'assistant');
  assert.equal(authorship(applied(query, [{ retain: at }, { delete: 13 }], 'typed')).author, 'human');
  const opened = applied(fresh('# rmtree(folder)\nx = 1', 'typed'), [{ delete: 2 }], 'api');
  assert.equal(authorship(opened).author, 'assistant');
});

test('a program that puts in or takes out nothing but blanks is no person where lines act', () => {
  const note = fresh(`${'x = 1\n'.repeat(100)}# rmtree(folder)`, 'typed');
  const ended = [{ retain: note.text.length - 14 }, { insert: '\n' }];
  assert.equal(authorship(applied(note, ended, 'program')).author, 'assistant');
  assert.equal(authorship(applied(note, ended, 'typed')).author, 'human');
  const block = fresh('if old:\n    rmtree(folder)', 'typed');
  assert.equal(authorship(applied(block, [{ retain: 8 }, { delete: 4 }], 'server')).author, 'assistant');
  assert.equal(authorship(applied(block, [{ retain: 8 }, { delete: 4 }], 'remote')).author, 'unknown');
  // An empty line between two others does nothing.
  assert.equal(authorship(applied(block, [{ retain: 7 }, { insert: '\n\n' }], 'program')).author, 'human');
});

test('a person who edits a little in an assistant’s cell does not make it theirs', () => {
  const cell = fresh('shutil.rmtree(folder)', 'program');
  assert.equal(authorship(applied(cell, [{ retain: 14 }, { insert: 'other_' }], 'typed')).author, 'assistant');
  // All but one word of the assistant's is gone, and it is the word that acts.
  const rest = applied(fresh('rm', 'program'), [{ insert: '!' }, { retain: 2 }, { insert: ' -r some/where/else/it/is' }], 'typed');
  assert.equal(authorship(rest).author, 'assistant');
});

test('a loaded line that acts is not a person’s, however much is typed below it', () => {
  const cell = applied(fresh('!rm -rf data\n', 'loaded'), [{ retain: 13 }, { insert: 'x = 1\n'.repeat(100) }], 'typed');
  assert.equal(authorship(cell).author, 'imported');
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
  const program = fc.constantFrom<Arrival>('inline-completed', 'copied', 'synthetic', 'api', 'program', 'kernel', 'server');
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

test('no visible text that a program took away leaves a cell a person’s', () => {
  const visible = fc.string({ minLength: 1 }).filter(text => text.trim() !== '');
  fc.assert(
    fc.property(visible, visible, fc.nat(), (own, taken, at) => {
      const place = at % (own.length + 1);
      const whole = own.slice(0, place) + taken + own.slice(place);
      const after = applied(fresh(whole, 'typed'), [{ retain: place }, { delete: taken.length }], 'program');
      assert.equal(after.text, own);
      assert.notEqual(authorship(after).author, 'human');
    })
  );
});

test('an edit that calls itself the guard\'s rewrite is not typing, whatever a person pressed just before', () => {
  assert.equal(editorArrival('input.fix', puts('x'), 5000, did({ key: 5000, takeBrought: () => true }, 'x')), 'synthetic');
});
