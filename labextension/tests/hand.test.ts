import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Hand } from '../src/connection/hand';

const INSERT = 'insertText';

/** A person's keys, as the browser tells of them. */
function typing(hand: Hand, text: string, keys: string): string {
  for (const key of keys) {
    hand.before(text, INSERT, key);
    text += key;
    hand.after(text, INSERT, key);
  }
  return text;
}

test('what a person types is by their hand', () => {
  const hand = new Hand();
  assert.ok(hand.has(typing(hand, '', 'yes')));
  assert.ok(!hand.has('ye'));
  hand.before('yes', 'deleteContentBackward', null);
  hand.after('ye', 'deleteContentBackward', null);
  assert.ok(hand.has('ye'));
  hand.before('ye', 'insertFromPaste', 'no');
  hand.after('noe', 'insertFromPaste', 'no');
  assert.ok(hand.has('noe'));
});

test('text that is composed replaces what was composed so far', () => {
  const hand = new Hand();
  for (const [before, after] of [['', 'に'], ['に', 'にほ'], ['にほ', '日本']] as const) {
    hand.before(before, 'insertCompositionText', after);
    hand.after(after, 'insertCompositionText', after);
  }
  assert.ok(hand.has('日本'));
});

test('an input event that none announced is a program’s', () => {
  const hand = new Hand();
  hand.after('y', INSERT, 'y');
  assert.ok(!hand.has('y'));
  // Nor does a key of the person's on top of it make it theirs, or one that takes that key back.
  typing(hand, 'y', 'x');
  assert.ok(!hand.has('yx'));
  hand.before('yx', 'deleteContentBackward', null);
  hand.after('y', 'deleteContentBackward', null);
  assert.ok(!hand.has('y'));
  // Once all is gone, the box is the person's again.
  hand.before('y', 'deleteContentBackward', null);
  hand.after('', 'deleteContentBackward', null);
  assert.ok(hand.has(typing(hand, '', 'y')));
});

test('a program that writes in place of an announced key is none', () => {
  const hand = new Hand();
  hand.before('', INSERT, 'n');
  hand.after('y', INSERT, 'y');
  assert.ok(!hand.has('y'));
  const other = new Hand();
  other.before('', INSERT, 'n');
  other.after('y', INSERT, 'n');
  assert.ok(!other.has('y'));
  // What was announced counts once.
  const twice = new Hand();
  typing(twice, '', 'y');
  twice.after('yy', INSERT, 'y');
  assert.ok(!twice.has('yy'));
});

test('whatever people and programs do in turn, only what people alone left is theirs', () => {
  const act = fc.record({ isPersons: fc.boolean(), at: fc.nat(9), remove: fc.nat(3), put: fc.constantFrom('', 'y', 'n', 'no') });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), acts => {
      const hand = new Hand();
      let text = '';
      // What people alone left last.
      let left = '';
      for (const one of acts) {
        const at = Math.min(one.at, text.length);
        const after = text.slice(0, at) + one.put + text.slice(at + one.remove);
        const type = one.put ? INSERT : 'deleteContentBackward';
        if (one.isPersons) {
          hand.before(text, type, one.put || null);
        }
        hand.after(after, type, one.put || null);
        left = after === '' || (one.isPersons && text === left) ? after : left;
        text = after;
        assert.equal(hand.has(text), text === left);
        assert.ok(hand.has(left));
      }
    })
  );
});
