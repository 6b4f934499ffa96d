import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  packIds,
  packWords,
  unpackAllFloats,
  unpackAllWords,
  unpackFloats,
  unpackIds,
  unpackWords,
} from "./packed.ts";

test("ids are little-endian uint64", () => {
  expect([...packIds(Float64Array.of(1, 2 ** 32 + 5))]).toEqual([
    1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0,
  ]);
});

test("every id below 2^53 survives the wire, wherever its bytes start", () => {
  const ids = fc.array(fc.maxSafeNat());
  fc.assert(
    fc.property(ids, fc.nat(7), (values, shift) => {
      const packed = packIds(Float64Array.from(values));
      const moved = Buffer.concat([Buffer.alloc(shift), packed]).subarray(shift);
      expect([...unpackIds(moved, "ids")]).toEqual(values);
    }),
  );
});

test("an id of 2^53 or more is refused, not rounded", () => {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(2n ** 53n, 8);
  expect(() => unpackIds(bytes, "exclude")).toThrow("id 1 of exclude is 2^53 or more");
});

test("float32 and uint32 survive the wire bit for bit", () => {
  fc.assert(
    fc.property(fc.float32Array(), fc.uint32Array(), (floats, words) => {
      expect(unpackFloats(packWords(floats), "x")).toEqual(floats);
      expect(unpackWords(packWords(words), "x")).toEqual(words);
    }),
  );
});

test("several are unpacked as each would be by itself, wherever their bytes start", () => {
  const all = fc.array(fc.tuple(fc.uint32Array(), fc.nat(3)), { maxLength: 5 });
  fc.assert(
    fc.property(all, (given) => {
      const moved = given.map(([words, shift]) =>
        Buffer.concat([Buffer.alloc(shift), packWords(words)]).subarray(shift),
      );
      expect(unpackAllWords(moved, "x")).toEqual(given.map(([words]) => words));
      expect(unpackAllFloats(moved, "x")).toEqual(moved.map((bytes) => unpackFloats(bytes, "x")));
    }),
  );
  const one = [Buffer.alloc(4), Buffer.alloc(6)];
  expect(() => unpackAllFloats(one, "vectors")).toThrow("vectors has 6 bytes");
});

test("bytes that are no whole number of values name the field and the length", () => {
  expect(() => unpackFloats(Buffer.alloc(7), "user_features")).toThrow(
    "user_features has 7 bytes, which is no whole number of float32 values",
  );
  expect(() => unpackIds(Buffer.alloc(12), "exclude")).toThrow("uint64");
});
