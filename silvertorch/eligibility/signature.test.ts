import { expect, test } from "vitest";
import { Random } from "../../src/math/random.ts";
import { categorical } from "../../src/retrieval/catalogue-fixture.ts";
import type { CategoricalColumn } from "../../src/retrieval/catalogue.ts";
import { falsePositiveRate, signatureBitCount, signatureBits } from "./signature.ts";

const ITEMS = 4000;
const VALUES = 1000;
const HELD = 6;

/** Each item with six values, drawn by chance. */
function randomColumn(): CategoricalColumn {
  const random = new Random(4);
  const items = Array.from({ length: ITEMS }, () => {
    const held = new Set<number>();
    while (held.size < HELD) held.add(random.int(VALUES));
    return [...held].toSorted((a, b) => a - b);
  });
  const vocabulary = Array.from({ length: VALUES }, (_, code) => `v${code}`);
  return categorical("topic", vocabulary, items);
}

/** The share of (item, value) pairs that seem to be and are not. */
function measuredRate(column: CategoricalColumn, bits: number, hashes: number): number {
  const bitsOf = column.vocabulary.map((_, code) => signatureBits({ bits, hashes }, 0, code));
  let seeming = 0;
  for (let item = 0; item < ITEMS; item++) {
    const held = column.values.subarray(item * HELD, (item + 1) * HELD);
    const set = new Set(Array.from(held).flatMap((code) => bitsOf[code]!));
    // A few values an item are enough.
    for (let code = item % 50; code < VALUES; code += 50) {
      if (!held.includes(code) && bitsOf[code]!.every((bit) => set.has(bit))) seeming++;
    }
  }
  return seeming / (ITEMS * (VALUES / 50));
}

test.for([
  [64, 5],
  [64, 2],
  [48, 3],
  [100, 5],
])("false positives are as many as the formula says: %i bits, %i hashes", ([bits, hashes]) => {
  const expected = falsePositiveRate({ bits: bits!, hashes: hashes! }, HELD);
  const measured = measuredRate(randomColumn(), bits!, hashes!);
  // Of short signatures two hashes fall together now and then, which the formula leaves out.
  expect(measured / expected).toBeGreaterThan(0.75);
  expect(measured / expected).toBeLessThan(1.5);
});

test("the width for a rate is the least that the formula allows", () => {
  const column = randomColumn();
  const hashes = 5;
  const bits = signatureBitCount([column], { hashes, width: { falsePositiveRate: 0.001 } });
  expect(falsePositiveRate({ bits, hashes }, HELD)).toBeLessThanOrEqual(0.001);
  expect(falsePositiveRate({ bits: bits - 1, hashes }, HELD)).toBeGreaterThan(0.001);
  expect(signatureBitCount([column], { hashes, width: { bits: 512 } })).toBe(512);
});

test("the same value of two columns has bits of its own in each", () => {
  const sizes = { bits: 1024, hashes: 5 };
  expect(signatureBits(sizes, 0, 7)).not.toEqual(signatureBits(sizes, 1, 7));
  expect(signatureBits(sizes, 0, 7)).not.toEqual(signatureBits(sizes, 0, 8));
  expect(signatureBits(sizes, 3, 9)).toEqual(signatureBits(sizes, 3, 9));
});
