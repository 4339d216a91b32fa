import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import { hex, hmac, PageKey } from '../src/connection/seal';
import { publicKey, x25519 } from '../src/connection/x25519';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
// RFC 8410: what stands before the 32 bytes of a key.
const PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC = Buffer.from('302a300506032b656e032100', 'hex');

function platform(secret: Uint8Array, point: Uint8Array): string {
  const privateKey = createPrivateKey({ key: Buffer.concat([PRIVATE, secret]), format: 'der', type: 'pkcs8' });
  const theirs = createPublicKey({ key: Buffer.concat([PUBLIC, point]), format: 'der', type: 'spki' });
  return diffieHellman({ privateKey, publicKey: theirs }).toString('hex');
}

test('X25519 is what the platform computes', () => {
  fc.assert(
    fc.property(bytes32, bytes32, (own, other) => {
      const theirs = publicKey(other);
      assert.equal(hex(x25519(own, theirs)), platform(own, theirs));
      assert.equal(hex(x25519(own, theirs)), hex(x25519(other, publicKey(own))));
    }),
    { numRuns: 25 }
  );
});

test('HMAC is what the platform computes', () => {
  fc.assert(
    fc.property(bytes32, fc.uint8Array({ maxLength: 300 }), (key, message) =>
      hex(hmac(key, message)) === createHmac('sha256', key).update(message).digest('hex')
    )
  );
});

test('each message has another number and proof, and says nothing of the key', () => {
  const page = new PageKey(new Uint8Array(32).fill(7));
  const guard = new PageKey(new Uint8Array(32).fill(8));
  const seal = page.agree(guard.public)!;
  const first = seal.sealed({ type: 'answer', id: 'q' });
  const second = seal.sealed({ type: 'answer', id: 'q' });
  assert.deepEqual(JSON.parse(String(first.sealed)), { type: 'answer', id: 'q', n: 1 });
  assert.deepEqual(JSON.parse(String(second.sealed)), { type: 'answer', id: 'q', n: 2 });
  assert.notEqual(first.proof, second.proof);
  assert.equal(JSON.stringify([page, seal, Object.values(page)]).includes(hex(new Uint8Array(32).fill(7))), false);
  assert.deepEqual([Object.keys(page), Object.keys(seal)], [['public'], []]);
});

test('the vector that the other end makes too', () => {
  // jupyter_guard.guard.seal: Seal(public of 8, b"\x07" * 32, is_page=True).proof('{"a":1,"n":1}'), and of 8 of the text.
  const seal = new PageKey(new Uint8Array(32).fill(7)).agree(new PageKey(new Uint8Array(32).fill(8)).public)!;
  assert.equal(seal.sealed({ a: 1 }).proof, VECTOR.page);
  assert.equal(seal.isGuards('fix 1 text', VECTOR.guard), true);
  for (const text of ['fix 1 text ', 'fix 2 text', '']) {
    assert.equal(seal.isGuards(text, VECTOR.guard), false);
  }
  assert.equal(seal.isGuards('fix 1 text', VECTOR.page), false);
  assert.equal(seal.isGuards('fix 1 text', undefined), false);
});

test('there is nothing to agree on with a key that is none', () => {
  const page = new PageKey();
  for (const theirs of ['', 'f', 'g'.repeat(64), '0'.repeat(64), '01' + '0'.repeat(62), 'F'.repeat(64)]) {
    assert.equal(page.agree(theirs), null);
  }
});

const VECTOR = {
  page: '96d186d3df9ae0401111c9b13942b6aa358d62219de1139df99cbc45ff81c7c2',
  guard: '5d451f893d0a5bd0e31673920ccb0ac0f302e60fed03e253d980a6be88469478'
};
