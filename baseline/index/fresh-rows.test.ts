import { expect, it } from "vitest";
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
  query: Float32Array.of(1, 0),
  k: 3,
  eligible: null,
  excluded: new Uint32Array(0),
};
const found = (rows: FreshRows, more: object = {}): number[] => [
  ...rows.join(none, { ...wanted, ...more }).rows,
];

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
  expect(rows.join(none, wanted)).toMatchObject({ rows: Uint32Array.of(13) });
  expect(rows.join(none, wanted).values).toEqual(Float64Array.of(3));
  expect(rows.hiddenCount).toBe(2);
});

it("joins what is eligible and not excluded with what was found, best first", () => {
  const rows = shard();
  rows.apply(step(0, at(12, 5, 0), at(14, 6, 0), at(30, 7, 0), at(32, 4, 0)));
  const { bytes } = RowBitmap.of(Uint32Array.of(12, 14, 30, 40)).serialize();
  const eligible = new RowSet(bytes);
  expect(found(rows, { eligible, excluded: Uint32Array.of(30) })).toEqual([14, 12]);
  const before = { rows: Uint32Array.of(15, 16), values: Float64Array.of(6.5, 1) };
  expect([...rows.join(before, wanted).rows]).toEqual([30, 15, 14]);
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
