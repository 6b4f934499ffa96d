import * as fc from "fast-check";
import { expect, it } from "vitest";
import { clearBit, hasBit, setBit, wordsFor } from "./bit-words.ts";

it("counts bits from the lowest of the first word on", () => {
  const words = new Uint32Array(2);
  for (const at of [0, 31, 33]) setBit(words, at);
  expect([...words]).toEqual([0x80000001, 2]);
  clearBit(words, 31);
  expect([...words]).toEqual([1, 2]);
});

it("holds what was set and not cleared since, in signed and unsigned words, and nothing else", () => {
  const bits = 100;
  const steps = fc.array(fc.record({ at: fc.nat(bits - 1), set: fc.boolean() }));
  fc.assert(
    fc.property(steps, fc.constantFrom(Uint32Array, Int32Array), (taken, Words) => {
      const words = new Words(wordsFor(bits));
      const held = new Set<number>();
      for (const { at, set } of taken) {
        if (set) {
          setBit(words, at);
          held.add(at);
        } else {
          clearBit(words, at);
          held.delete(at);
        }
      }
      const all = Array.from({ length: bits }, (_, at) => at);
      expect(all.filter((at) => hasBit(words, at))).toEqual(all.filter((at) => held.has(at)));
    }),
  );
});

it.each([
  [0, 0],
  [1, 1],
  [32, 1],
  [33, 2],
])("takes for %i bits %i words", (bits, words) => {
  expect(wordsFor(bits)).toBe(words);
});
