import { expect, test } from "vitest";
import { Random } from "../../src/math/random.ts";
import { itemCodes, itemScales, type ScaleOf } from "./quantisation.ts";

const [count, dim] = [200, 16];
const random = new Random(2);
/** Every tenth is a hundred times as long as the others. */
const embeddings = Float32Array.from(
  { length: count * dim },
  (_, at) => random.gaussian() * (Math.floor(at / dim) % 10 === 0 ? 100 : 1),
);

/** Largest error of each item, as a share of its largest number. */
function errors(scale: ScaleOf): number[] {
  const scales = itemScales({ count, dim, embeddings }, scale);
  const codes = [...itemCodes({ count, dim, embeddings }, scales)].flatMap((strip) => [...strip]);
  return Array.from({ length: count }, (_, item) => {
    const numbers = embeddings.subarray(item * dim, (item + 1) * dim);
    const worst = numbers.reduce(
      (most, value, at) =>
        Math.max(most, Math.abs(value - codes[at * count + item]! * scales[item]!)),
      0,
    );
    return worst / numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  });
}

test("with a scale an item every item is exact to half a step of 127", () => {
  for (const error of errors("perItem")) expect(error).toBeLessThan(0.5001 / 127);
});

test("with one scale for all, short items are lost beside long ones", () => {
  const all = errors("global");
  expect(Math.max(...all.filter((_, item) => item % 10 === 0))).toBeLessThan(0.02);
  expect(Math.min(...all.filter((_, item) => item % 10 !== 0))).toBeGreaterThan(0.2);
});

test("an item of zeros has a scale of 0 and codes of 0", () => {
  const zeros = { count: 1, dim: 4, embeddings: new Float32Array(4) };
  const scales = itemScales(zeros, "perItem");
  expect([...scales]).toEqual([0]);
  expect([...itemCodes(zeros, scales)].flatMap((strip) => [...strip])).toEqual([0, 0, 0, 0]);
});
