import { expect, test } from "vitest";
import { Random } from "../math/random.ts";
import type { Catalogue } from "../retrieval/catalogue.ts";
import { bindFilter } from "../retrieval/filter/bind.ts";
import { matches } from "../retrieval/filter/evaluate.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import { ChangingCatalogue } from "./changing-catalogue.ts";
import { ItemKey } from "./item-key.ts";

const COUNT = 400;
const random = new Random(5);
const base: Catalogue = {
  count: COUNT,
  dim: 4,
  embeddings: Float32Array.from({ length: COUNT * 4 }, () => random.gaussian()),
  ids: Float64Array.from({ length: COUNT }, (_, row) => 1_000 + row),
  columns: [{ kind: "numeric", name: "price", values: numbers(() => random.float()) }],
  dense: new Float32Array(0),
  denseDim: 0,
};

function numbers(draw: () => number): Float32Array {
  return Float32Array.from({ length: COUNT }, draw);
}

const changing = (catalogue: Catalogue, seed = 9): ChangingCatalogue =>
  new ChangingCatalogue(catalogue, new ItemKey(catalogue), seed);

function idsPassing(catalogue: Catalogue, text: string): number[] {
  const filter = bindFilter(parseFilter(text), catalogue.columns);
  return [...catalogue.ids].filter((_, row) => matches(filter, catalogue, row));
}

test("a filter lets through what a look is for and nothing else, from its burst on to the end", () => {
  const catalogue = changing(base);
  const signs = [];
  for (let nth = 0; nth < 60; nth++) {
    const before = catalogue.now();
    const { changes, sign } = catalogue.burst(1 + (nth % 7));
    expect(changes.map(({ id }) => id)).toContain(sign.id);
    expect(idsPassing(before, sign.filter)).toEqual(sign.isThere ? [] : [sign.id]);
    signs.push(sign);
    const after = catalogue.now();
    for (const { id, filter, isThere } of signs) {
      expect(idsPassing(after, filter)).toEqual(isThere ? [id] : []);
    }
  }
  expect(signs.some(({ isThere }) => !isThere)).toBe(true);
  expect(signs.some(({ id, isThere }) => isThere && id < 1_000 + COUNT)).toBe(true);
});

test("where no item has a number of its own, deletes are sent and not looked for", () => {
  const alike = { kind: "numeric", name: "stars", values: numbers(() => random.int(5)) } as const;
  const catalogue = changing({ ...base, columns: [alike] });
  const bursts = Array.from({ length: 50 }, () => catalogue.burst(8));
  expect(bursts.every(({ sign }) => sign.isThere)).toBe(true);
  expect(bursts.flatMap(({ changes }) => changes).some(({ item }) => item === null)).toBe(true);
});

test("bursts of one have the same shares as large ones: half new, four tenths versions, a tenth deletes", () => {
  const catalogue = changing(base);
  const kinds = { fresh: 0, version: 0, gone: 0 };
  for (let nth = 0; nth < 300; nth++) {
    const [change] = catalogue.burst(1).changes;
    if (change!.item === null) kinds.gone++;
    else kinds[change!.id < 1_000 + COUNT ? "version" : "fresh"]++;
  }
  expect(kinds.fresh / 300).toBeCloseTo(0.5, 1);
  expect(kinds.version / 300).toBeCloseTo(0.4, 1);
  expect(kinds.gone / 300).toBeCloseTo(0.1, 1);
});

test("a seed gives the same changes again", () => {
  const [one, other, another] = [changing(base), changing(base), changing(base, 10)];
  const bursts = [3, 1, 4, 1, 5];
  expect(bursts.map((size) => one.burst(size))).toEqual(bursts.map((size) => other.burst(size)));
  expect(another.burst(5)).not.toEqual(changing(base).burst(5));
});
