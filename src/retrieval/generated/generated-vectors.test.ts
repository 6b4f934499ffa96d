import { describe, expect, test } from "vitest";
import { generatedItems } from "./generated-items.ts";
import { GeneratedVectors } from "./generated-vectors.ts";

const spec = generatedItems({ seed: 5, items: 640, dim: 64, clusters: 10, noise: 0.45 });

const rowsOf = (from: number, to: number): Float64Array => {
  const out = new Float64Array((to - from) * spec.dim);
  new GeneratedVectors(spec).fill(from, to, out);
  return out;
};
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, at) => sum + value * b[at]!, 0);

describe("generated vectors", () => {
  test("are the same however they are asked for, and those of another seed are others", () => {
    const all = rowsOf(0, 640);
    const vectors = new GeneratedVectors(spec);
    const one = new Float64Array(64);
    for (const row of [639, 0, 63, 64, 300, 17]) {
      vectors.fill(row, row + 1, one);
      expect([...one]).toEqual([...all.subarray(row * 64, (row + 1) * 64)]);
    }
    new GeneratedVectors({ ...spec, seed: 6 }).fill(0, 1, one);
    expect([...one]).not.toEqual([...all.subarray(0, 64)]);
  });

  test("are numbers that float32 and eight bits with a scale both hold exactly", () => {
    const all = rowsOf(0, 640);
    for (let row = 0; row < 640; row++) {
      const vector = all.subarray(row * 64, (row + 1) * 64);
      expect([...Float32Array.from(vector)]).toEqual([...vector]);
      const scale = Math.min(...vector.map(Math.abs).filter((value) => value > 0));
      const scales = Array.from({ length: 256 }, (_, n) => (2048 + n) / 2 ** 20);
      const fits = scales.some((each) =>
        vector.every((value) => Number.isInteger(value / each) && Math.abs(value / each) <= 127),
      );
      expect(fits, `row ${row}, smallest ${scale}`).toBe(true);
    }
  });

  test("lie around the centroid of their cluster, nearer to it than to any other", () => {
    const vectors = new GeneratedVectors(spec);
    const all = rowsOf(0, 640);
    const centroids = Array.from({ length: 10 }, (_, cluster) => vectors.centroid(cluster));
    for (let row = 0; row < 640; row++) {
      const item = all.subarray(row * 64, (row + 1) * 64);
      const products = centroids.map((centroid) => dot(centroid, item));
      expect(products.indexOf(Math.max(...products))).toBe(Math.floor(row / 64));
    }
  });

  test("are as far from it as the noise says", () => {
    const many = generatedItems({ seed: 1, items: 3200, dim: 128, clusters: 1, noise: 0.6 });
    const vectors = new GeneratedVectors(many);
    const centre = vectors.centroid(0);
    const all = new Float64Array(3200 * 128);
    vectors.fill(0, 3200, all);
    let square = 0;
    for (let at = 0; at < all.length; at++) square += (all[at]! - centre[at % 128]!) ** 2;
    const share = Math.sqrt(square / 3200 / dot(centre, centre));
    // One centre of 128 numbers, drawn once, is somewhat longer or shorter than the next.
    expect(Math.abs(share - 0.6)).toBeLessThan(0.08);
  });

  test("are refused where the clusters cannot share the items, with a number that would do", () => {
    expect(() => generatedItems({ ...spec, items: 1000, clusters: 10, noise: 0.4 })).toThrow(
      /10 clusters cannot share 1000 items/,
    );
    expect(() => generatedItems({ ...spec, dim: 30, noise: 0.4 })).toThrow(
      /multiple of 4, came 30/,
    );
  });
});
