/**
 * What this page sends the guard -> the same with a proof that the page sent it, that counts once.
 *
 * Every program in the page can read what its kernel connection sends and receives, so nothing that crosses it may be a
 * secret: both ends send a public key and agree on one that neither sends. `jupyter_guard/guard/seal.py` is the other
 * end. What is secret stands in fields that only this file's code can read.
 */

import { JSONObject } from '@lumino/coreutils';

import { digest, utf8 } from '../provenance/sha256';
import { publicKey, x25519 } from './x25519';

const LABEL = 'jupyter_guard:comm:1';
const BLOCK = 64;
const PAGE = 'page:';
const GUARD = 'guard:';
// As they are while this file loads: a program that comes later changes them for others.
const random = crypto.getRandomValues.bind(crypto);
const { stringify } = JSON;

/** A key pair, by which the guard knows a page, also over its next comm. */
export class PageKey {
  constructor(secret: Uint8Array = random(new Uint8Array(32))) {
    this.#secret = secret;
    this.public = hex(publicKey(secret));
  }

  readonly public: string;

  /** What both ends know now; `null` for a key of the guard's that is none. */
  agree(theirs: string): Seal | null {
    if (!/^[0-9a-f]{64}$/.test(theirs)) {
      return null;
    }
    const shared = x25519(this.#secret, bytes(theirs));
    // A point of small order would make the key one that anybody knows (RFC 7748, section 6.1).
    return shared.some(byte => byte !== 0) ? new Seal(hmac(shared, utf8(LABEL + this.public + theirs))) : null;
  }

  readonly #secret: Uint8Array;
}

export class Seal {
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  sealed(data: JSONObject): JSONObject {
    const text = stringify({ ...data, n: ++this.#last });
    return { sealed: text, proof: hex(hmac(this.#key, utf8(PAGE + text))) };
  }

  /** Whether the guard itself said this text. */
  isGuards(text: string, proof: unknown): boolean {
    return typeof proof === 'string' && hex(hmac(this.#key, utf8(GUARD + text))) === proof;
  }

  readonly #key: Uint8Array;
  #last = 0;
}

/** HMAC-SHA-256, RFC 2104; the keys here are no longer than a block. */
export function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const inner = new Uint8Array(BLOCK + message.length).fill(0x36, 0, BLOCK);
  const outer = new Uint8Array(BLOCK + 32).fill(0x5c, 0, BLOCK);
  for (let at = 0; at < key.length; at++) {
    inner[at]! ^= key[at]!;
    outer[at]! ^= key[at]!;
  }
  inner.set(message, BLOCK);
  outer.set(digest(inner), BLOCK);
  return digest(outer);
}

export function hex(found: Uint8Array): string {
  return Array.from(found, byte => byte.toString(16).padStart(2, '0')).join('');
}

function bytes(found: string): Uint8Array {
  return Uint8Array.from(found.match(/../g) ?? [], pair => parseInt(pair, 16));
}
