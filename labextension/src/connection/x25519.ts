/**
 * X25519, RFC 7748, section 5: 32 bytes and 32 bytes -> 32 bytes, at once.
 *
 * `crypto.subtle` is asynchronous, and absent on plain-http servers and in browsers of a year ago: the claim about a cell
 * must leave before the cell does. Its time tells something of the key to who can measure it; each is for one page.
 */

const P = (1n << 255n) - 19n;
const BASE = new Uint8Array(32);
BASE[0] = 9;

export function x25519(scalar: Uint8Array, point: Uint8Array): Uint8Array {
  const k = (numberOf(scalar) & ((1n << 255n) - 8n)) | (1n << 254n);
  const u = numberOf(point) & ((1n << 255n) - 1n);
  let [x2, z2, x3, z3] = [1n, 0n, u, 1n];
  let swap = 0n;
  for (let at = 254n; at >= 0n; at--) {
    const bit = (k >> at) & 1n;
    if (swap !== bit) {
      [x2, x3, z2, z3] = [x3, x2, z3, z2];
    }
    swap = bit;
    const a = x2 + z2;
    const b = x2 - z2;
    const aa = (a * a) % P;
    const bb = (b * b) % P;
    const da = (x3 - z3) * a;
    const cb = (x3 + z3) * b;
    const sum = (da + cb) % P;
    const difference = (da - cb) % P;
    x3 = (sum * sum) % P;
    z3 = (u * ((difference * difference) % P)) % P;
    const e = aa - bb;
    x2 = (aa * bb) % P;
    z2 = (e * (aa + 121665n * e)) % P;
  }
  return bytesOf(swap ? x3 * inverse(z3) : x2 * inverse(z2));
}

/** The public key of a secret one. */
export function publicKey(secret: Uint8Array): Uint8Array {
  return x25519(secret, BASE);
}

/** By Fermat: n to the power of P - 2. */
function inverse(n: bigint): bigint {
  let result = 1n;
  let power = ((n % P) + P) % P;
  for (let rest = P - 2n; rest > 0n; rest >>= 1n) {
    result = rest & 1n ? (result * power) % P : result;
    power = (power * power) % P;
  }
  return result;
}

/** Little-endian. */
function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function bytesOf(number: bigint): Uint8Array {
  let rest = ((number % P) + P) % P;
  return new Uint8Array(32).map(() => {
    const byte = Number(rest & 255n);
    rest >>= 8n;
    return byte;
  });
}
