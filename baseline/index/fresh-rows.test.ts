import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Ranked, TopK } from "../../src/math/top-k.ts";
import type { Changes, ItemChange } from "../live/changes.ts";
import { RowBitmap } from "../filter/row-bitmap.ts";
import { RowSet } from "../row-set.ts";
import { FreshRows } from "./fresh-rows.ts";

const at = (row: number, ...embedding: number[]): ItemChange => ({
  row,
  item: {
    embedding: Float32Array.from(embedding),
    dense: new Float32Array(0),
    attributes: new Map(),
  },
});
const gone = (row: number): ItemChange => ({ row, item: null });
const step = (since: number, ...items: ItemChange[]): Changes => ({
  since,
  version: since + 1,
  items,
});

/** A shard of the rows 10 to 19 of 30, whose new rows are the even ones. */
const shard = (): FreshRows =>
  new FreshRows({
    dim: 2,
    built: { from: 10, to: 20 },
    isOwn: (row) => row >= 30 && row % 2 === 0,
  });
const none = { rows: new Uint32Array(0), values: new Float64Array(0) };
const wanted = {
  vectors: Float32Array.of(1, 0),
  k: 3,
  eligible: null,
  excluded: new Uint32Array(0),
};
/** Joined with what one search of one head found. */
const joined = (rows: FreshRows, before = none, more: object = {}): Ranked => {
  const [[first]] = rows.join([{ found: [before], ...wanted, ...more }]) as [[Ranked]];
  return first;
};
const found = (rows: FreshRows, more: object = {}): number[] => [...joined(rows, none, more).rows];

it("has its own rows, built or new, and no other shard's", () => {
  const rows = shard();
  expect(rows.apply(step(0, at(12, 5, 0), at(22, 9, 0), at(30, 7, 0), at(31, 8, 0)))).toBe(1);
  expect(found(rows)).toEqual([30, 12]);
  expect([rows.hides(2), rows.hides(3)]).toEqual([true, false]);
  expect(rows.hiddenCount).toBe(1);
});

it("hides what was deleted, and shows what came back, at its newest", () => {
  const rows = shard();
  rows.apply(step(0, at(12, 5, 0), at(30, 7, 0)));
  rows.apply(step(1, gone(12), gone(13), gone(30)));
  expect(found(rows)).toEqual([]);
  rows.apply(step(2, at(13, 1, 0), at(13, 3, 0)));
  expect(joined(rows)).toEqual({ rows: Uint32Array.of(13), values: Float64Array.of(3) });
  expect(rows.hiddenCount).toBe(2);
});

it("joins what is eligible and not excluded with what was found, best first", () => {
  const rows = shard();
  rows.apply(step(0, at(12, 5, 0), at(14, 6, 0), at(30, 7, 0), at(32, 4, 0)));
  const { bytes } = RowBitmap.of(Uint32Array.of(12, 14, 30, 40)).serialize();
  const eligible = new RowSet(bytes);
  expect(found(rows, { eligible, excluded: Uint32Array.of(30) })).toEqual([14, 12]);
  const before = { rows: Uint32Array.of(15, 16), values: Float64Array.of(6.5, 1) };
  expect([...joined(rows, before).rows]).toEqual([30, 15, 14]);
});

it("takes changes in their order only: a gap is refused, what is known may come again", () => {
  const rows = shard();
  expect(rows.apply(step(1, at(12, 5, 0)))).toBe(0);
  expect(found(rows)).toEqual([]);
  rows.apply(step(0, at(12, 5, 0)));
  expect(rows.apply(step(0, at(12, 5, 0)))).toBe(1);
  expect(found(rows)).toEqual([12]);
});

it("keeps no more room than what is there asks for", () => {
  const rows = shard();
  const many = Array.from({ length: 5000 }, (_, n) => at(30 + 2 * n, n, 0));
  rows.apply(step(0, ...many));
  rows.apply(step(1, ...many.slice(0, 4900).map(({ row }) => gone(row))));
  expect(rows.count).toBe(100);
  expect(found(rows)).toEqual([30 + 2 * 4999, 30 + 2 * 4998, 30 + 2 * 4997]);
});

it("finds for each search of a batch what an exhaustive ranking in float64 does", () => {
  const small = fc.integer({ min: -40, max: 40 });
  const shape = fc.record({
    dim: fc.constantFrom(1, 2, 3, 4, 5, 8, 9, 64, 100),
    // From one slot a memory to all in one.
    segmentBytes: fc.constantFrom(200, 2 ** 31),
    steps: fc.array(fc.array(fc.tuple(fc.nat(60), fc.boolean()), { maxLength: 12 }), {
      maxLength: 6,
    }),
    searches: fc.array(
      fc.record({
        heads: fc.integer({ min: 1, max: 3 }),
        k: fc.integer({ min: 1, max: 8 }),
        eligible: fc.option(fc.uniqueArray(fc.nat(60), { minLength: 1 })),
        excluded: fc.uniqueArray(fc.nat(60), { maxLength: 6 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    numbers: fc.infiniteStream(small),
  });
  const property = fc.property(shape, ({ dim, segmentBytes, steps, searches, numbers }) => {
    // Quarters: their products and sums are the same in any order and precision.
    const vector = (length: number): Float32Array =>
      Float32Array.from({ length }, () => (numbers.next().value as number) / 4);
    const built = { from: 0, to: 20 };
    const rows = new FreshRows({ dim, built, isOwn: () => true, segmentBytes });
    const now = new Map<number, Float32Array>();
    for (const [since, changed] of steps.entries()) {
      const items = new Map(changed).entries();
      const changes = [...items].map(([row, isGone]) => {
        const own = vector(dim);
        if (isGone) now.delete(row);
        else now.set(row, own);
        return isGone ? gone(row) : at(row, ...own);
      });
      rows.apply(step(since, ...changes));
    }
    const asked = searches.map(({ heads, k, eligible, excluded }) => ({
      found: Array.from({ length: heads }, () => ({
        // Not among those that changed.
        rows: Uint32Array.of(100, 101).subarray(0, Math.min(2, k)),
        values: Float64Array.of(50, -3.5).subarray(0, Math.min(2, k)),
      })),
      vectors: vector(heads * dim),
      k,
      eligible: eligible === null ? null : setOf(eligible),
      excluded: Uint32Array.from(excluded),
      passes: (row: number) => eligible?.includes(row) !== false && !excluded.includes(row),
    }));
    const expected = asked.map(({ found: before, vectors, k, passes }) =>
      before.map((ranked, head) => {
        const query = vectors.subarray(head * dim, (head + 1) * dim);
        const top = new TopK(k);
        for (const [i, row] of ranked.rows.entries()) top.push(ranked.values[i]!, row);
        for (const [row, own] of now) if (passes(row)) top.push(product(query, own), row);
        return top.take();
      }),
    );
    expect(rows.join(asked)).toEqual(expected);
  });
  fc.assert(property, { numRuns: 200 });
});

const setOf = (rows: readonly number[]): RowSet =>
  new RowSet(RowBitmap.of(Uint32Array.from(rows).toSorted()).serialize().bytes);

const product = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, d) => sum + value * b[d]!, 0);
