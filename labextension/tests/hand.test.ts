import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Hand } from '../src/connection/hand';

const INSERT = 'insertText';
const BACK = 'deleteContentBackward';

/** A person's key in a box of which nothing is selected, and what the browser tells of it. */
function press(hand: Hand, before: string, key: string, after: string, type: string, data: string | null): string {
  hand.key({ text: before, isSelected: before === '' }, key);
  hand.edit(after, type, data);
  return after;
}

function typing(hand: Hand, text: string, keys: string): string {
  for (const key of keys) {
    text = press(hand, text, key, text + key, INSERT, key);
  }
  return text;
}

test('what a person types is by their hand', () => {
  const hand = new Hand();
  assert.ok(hand.has(typing(hand, '', 'yes')));
  assert.ok(!hand.has('ye'));
  assert.ok(hand.has(press(hand, 'yes', 'Backspace', 'ye', BACK, null)));
  assert.ok(hand.has(press(hand, 'ye', 'Delete', 'y', 'deleteContentForward', null)));
  assert.ok(hand.has(press(hand, 'y', 'e', 'ey', INSERT, 'e')));
});

test('text that is composed replaces what was composed so far', () => {
  const hand = new Hand();
  for (const [before, after] of [['', 'に'], ['に', 'にほ'], ['にほ', '日本']] as const) {
    press(hand, before, 'Process', after, 'insertCompositionText', after);
  }
  assert.ok(hand.has('日本'));
});

test('an edit that no key led to is a program’s', () => {
  const hand = new Hand();
  hand.edit('y', INSERT, 'y');
  assert.ok(!hand.has('y'));
  // Nor does a key of the person's on top of it make it theirs, or one that takes that key back.
  typing(hand, 'y', 'x');
  assert.ok(!hand.has('yx'));
  press(hand, 'yx', 'Backspace', 'y', BACK, null);
  assert.ok(!hand.has('y'));
  // Once all is gone, or replaced, the box is the person's again.
  press(hand, 'y', 'Backspace', '', BACK, null);
  assert.ok(hand.has(typing(hand, '', 'y')));
  hand.edit('yn', INSERT, 'n');
  hand.key({ text: 'yn', isSelected: true }, 'y');
  hand.edit('y', INSERT, 'y');
  assert.ok(hand.has('y'));
});

test('a program that writes in place of a key is no person', () => {
  for (const [key, after, type, data] of [
    ['n', 'y', INSERT, 'y'],
    ['n', 'y', INSERT, 'n'],
    ['Tab', 'y', INSERT, 'y'],
    ['Process', 'y', INSERT, 'y'],
    ['v', 'y', 'insertFromPaste', 'y'],
    ['y', 'y', 'insertReplacementText', 'y']
  ] as const) {
    const hand = new Hand();
    press(hand, '', key, after, type, data);
    assert.ok(!hand.has('y'), `${key} ${type}`);
  }
  // A key counts once.
  const twice = new Hand();
  typing(twice, '', 'y');
  twice.edit('yy', INSERT, 'y');
  assert.ok(!twice.has('yy'));
  // What is put beside what the person replaces is not theirs.
  const beside = new Hand();
  beside.key({ text: 'no', isSelected: true }, 'y');
  beside.edit('yno', INSERT, 'y');
  assert.ok(!beside.has('yno'));
});

test('whatever people and programs do in turn, only what people alone left is theirs', () => {
  const act = fc.record({ isPersons: fc.boolean(), at: fc.nat(9), key: fc.constantFrom('y', 'n', 'Backspace') });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), acts => {
      const hand = new Hand();
      let text = '';
      // What people alone left last.
      let left = '';
      for (const one of acts) {
        const at = Math.min(one.at, text.length);
        const isBack = one.key === 'Backspace';
        const after = isBack ? text.slice(0, Math.max(0, at - 1)) + text.slice(at) : text.slice(0, at) + one.key + text.slice(at);
        if (one.isPersons) {
          hand.key({ text, isSelected: text === '' }, one.key);
        }
        if (after !== text) {
          hand.edit(after, isBack ? BACK : INSERT, isBack ? null : one.key);
          left = after === '' || (one.isPersons && text === left) ? after : left;
        }
        text = after;
        assert.equal(hand.has(text), text === left);
      }
    })
  );
});
