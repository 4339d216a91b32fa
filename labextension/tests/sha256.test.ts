import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import { sha256, utf8 } from '../src/provenance/sha256';

const node = (text: string): string => createHash('sha256').update(Buffer.from(text, 'utf8')).digest('hex');

test('the published vectors', () => {
  assert.equal(sha256(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('equal to the platform for any well-formed text', () => {
  const wellFormed = fc.string({ unit: 'grapheme-composite', maxLength: 300 });
  fc.assert(fc.property(wellFormed, text => sha256(text) === node(text)));
});

test('every length around a block border', () => {
  for (let length = 50; length < 140; length++) {
    const text = 'x'.repeat(length);
    assert.equal(sha256(text), node(text), String(length));
  }
});

test('a lone surrogate keeps its own three bytes, as in Python with surrogatepass', () => {
  assert.deepEqual([...utf8('a\ud800b')], [0x61, 0xed, 0xa0, 0x80, 0x62]);
  // hashlib.sha256("a\ud800b".encode("utf-8", "surrogatepass")).hexdigest()
  const bytes = Buffer.from([0x61, 0xed, 0xa0, 0x80, 0x62]);
  assert.equal(sha256('a\ud800b'), createHash('sha256').update(bytes).digest('hex'));
});

test('a big cell', () => {
  const text = 'print("ä")\n'.repeat(100_000);
  assert.equal(sha256(text), node(text));
});
