import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { TypedCharacters } from '../src/provenance/typing';

function typed(...data: readonly string[]): TypedCharacters {
  const characters = new TypedCharacters(1000);
  data.forEach(one => characters.note(one, 100));
  return characters;
}

test('an edit may put in what a person typed, once', () => {
  const characters = typed('r', 'm');
  assert.ok(characters.take(['r'], 110));
  assert.ok(!characters.take(['r'], 120));
  assert.ok(characters.take(['m'], 120));
});

test('an edit that puts in more, or something else, than a person typed is not theirs', () => {
  assert.ok(!typed('x').take(['x = drop()'], 110));
  assert.ok(!typed('x').take(['y'], 110));
  assert.ok(!typed().take(['x'], 110));
  assert.ok(!typed('x').take(['x', 'y'], 110));
});

test('what was typed long ago explains nothing', () => {
  assert.ok(!typed('x').take(['x'], 1100));
});

test('blanks need no event: lines are begun and indented by keys alone', () => {
  assert.ok(typed().take(['\n    '], 110));
  assert.ok(typed().take([], 110));
});

test('the editor closes brackets and the third quotation mark', () => {
  assert.ok(typed('(').take(['()'], 110));
  assert.ok(typed('(').take(['(', ')'], 110));
  assert.ok(typed('"').take(['""""'], 110));
  assert.ok(!typed('(').take(['())'], 110));
  assert.ok(!typed('x').take(['x)'], 110));
});

test('one key counts for every cursor', () => {
  assert.ok(typed('x').take(['x', 'x', 'x'], 110));
});

test('text that is composed comes in pieces, and a word that is corrected at once', () => {
  assert.ok(typed('に', 'にほ', 'にほん').take(['にほん'], 110));
  assert.ok(typed('größe').take(['größe'], 110));
});

test('what was composed on the way to a word explains nothing once the word stands there', () => {
  const characters = new TypedCharacters(1000);
  ['n', 'ni', 'に'].forEach(one => characters.note(one, 100, true));
  assert.ok(!characters.take(['n'], 110));
  assert.ok(characters.take(['に'], 110));
});

test('whatever is taken, no more characters than were typed and what closes them come out', () => {
  const letters = fc.array(fc.string({ maxLength: 3 }).map(text => text.replace(/[\s()[\]{}<>"'`]/g, '')));
  fc.assert(
    fc.property(letters, fc.array(fc.string({ maxLength: 4 })), (events, edits) => {
      const characters = typed(...events);
      const taken = edits.filter(edit => characters.take([edit], 110)).join('').replace(/\s/g, '');
      const left = [...events.join('')];
      for (const one of taken) {
        const at = left.indexOf(one);
        assert.ok(at >= 0);
        left.splice(at, 1);
      }
    })
  );
});
