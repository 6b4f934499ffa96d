import { HarnessError } from "../errors.ts";

// Packed bytes of the wire: little-endian, as every machine that Node runs on stores them, so
// vectors and rows are viewed rather than converted.

/** float32 or uint32 array as bytes; a view, so the array must stay as it is. */
export function packWords(words: Float32Array | Uint32Array): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}

/** @throws HarnessError BAD_INPUT naming the field if the bytes are no whole float32s. */
export function unpackFloats(bytes: Uint8Array, field: string): Float32Array {
  const whole = aligned(bytes, field, 4, "float32");
  return new Float32Array(whole.buffer, whole.byteOffset, whole.byteLength / 4);
}

/** @throws HarnessError BAD_INPUT naming the field if the bytes are no whole uint32s. */
export function unpackWords(bytes: Uint8Array, field: string): Uint32Array {
  const whole = aligned(bytes, field, 4, "uint32");
  return new Uint32Array(whole.buffer, whole.byteOffset, whole.byteLength / 4);
}

/**
 * Several at once, which view one copy where they must be copied: memory of its own for each costs
 * more than copying does.
 * @throws HarnessError BAD_INPUT as `unpackFloats`.
 */
export function unpackAllFloats(all: readonly Uint8Array[], field: string): Float32Array[] {
  return alignedTogether(all, field, "float32").map(
    ({ buffer, byteOffset, byteLength }) => new Float32Array(buffer, byteOffset, byteLength / 4),
  );
}

/** @throws HarnessError BAD_INPUT as `unpackWords`. */
export function unpackAllWords(all: readonly Uint8Array[], field: string): Uint32Array[] {
  return alignedTogether(all, field, "uint32").map(
    ({ buffer, byteOffset, byteLength }) => new Uint32Array(buffer, byteOffset, byteLength / 4),
  );
}

/** Ids (integers below 2^53) as little-endian uint64, each made of two uint32, without BigInt. */
export function packIds(ids: Float64Array): Buffer {
  const words = new Uint32Array(ids.length * 2);
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    words[2 * i] = id; // ToUint32: the value modulo 2^32
    words[2 * i + 1] = id / 4294967296;
  }
  return packWords(words);
}

/** @throws HarnessError BAD_INPUT naming the field: no whole uint64s, or one of 2^53 or more. */
export function unpackIds(bytes: Uint8Array, field: string): Float64Array {
  const whole = aligned(bytes, field, 8, "uint64");
  const words = new Uint32Array(whole.buffer, whole.byteOffset, whole.byteLength / 4);
  const ids = new Float64Array(words.length / 2);
  for (let i = 0; i < ids.length; i++) {
    const high = words[2 * i + 1]!;
    if (high >= 0x200000) {
      throw new HarnessError("BAD_INPUT", `id ${i} of ${field} is 2^53 or more`, { where: field });
    }
    ids[i] = high * 4294967296 + words[2 * i]!;
  }
  return ids;
}

/** The same bytes where arrays of 4-byte elements may stand; if any must be copied, all are. */
function alignedTogether(
  all: readonly Uint8Array[],
  field: string,
  element: string,
): readonly Uint8Array[] {
  for (const bytes of all) checkWhole(bytes, field, 4, element);
  if (all.every(({ byteOffset }) => byteOffset % 4 === 0)) return all;
  const copy = new Uint8Array(all.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  return all.map((bytes) => {
    copy.set(bytes, at);
    at += bytes.byteLength;
    return copy.subarray(at - bytes.byteLength, at);
  });
}

/** The same bytes where a typed array of `size`-byte elements may stand; copied only if they must be. */
function aligned(bytes: Uint8Array, field: string, size: number, element: string): Uint8Array {
  checkWhole(bytes, field, size, element);
  if (bytes.byteOffset % 4 === 0) return bytes;
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

function checkWhole(
  { byteLength }: Uint8Array,
  field: string,
  size: number,
  element: string,
): void {
  if (byteLength % size === 0) return;
  const text = `${field} has ${byteLength} bytes, which is no whole number of ${element} values`;
  throw new HarnessError("BAD_INPUT", text, { where: field });
}
