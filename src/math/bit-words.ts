/** Bits in words of 32, each word's from its lowest on: bit 33 is the second lowest of word 1. */
type Words = Uint32Array | Int32Array;

export const hasBit = (words: Words, at: number): boolean =>
  ((words[at >>> 5]! >>> (at & 31)) & 1) !== 0;

export function setBit(words: Words, at: number): void {
  words[at >>> 5]! |= 1 << (at & 31);
}

export function clearBit(words: Words, at: number): void {
  words[at >>> 5]! &= ~(1 << (at & 31));
}

/** How many words so many bits take. */
export const wordsFor = (bits: number): number => Math.ceil(bits / 32);
