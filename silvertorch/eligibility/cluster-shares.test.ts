import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { categorical } from "../../src/retrieval/catalogue-fixture.ts";
import type { CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";
import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { matches } from "../../src/retrieval/filter/evaluate.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import { valueCounts } from "../compile/value-counts.ts";
import { anyFilter, ITEMS, smallDataset } from "../dataset.fixture.ts";
import { indexAttributes } from "./attribute-index.ts";
import { bitmapLayout } from "./bitmap-layout.ts";
import { bitmapTable } from "./bitmap-table.ts";
import { cellCount } from "./cells.ts";
import { bonusCodes } from "./cluster-bonus.ts";
import { ClusterCounts } from "./cluster-counts.ts";
import { clusterBonus, clusterShares, type ClusterShares } from "./cluster-shares.ts";

interface Clustered {
  readonly columns: readonly Column[];
  readonly clusters: number;
  readonly clusterOf: (item: number) => number;
  readonly items: number;
}

/** What is known of some items in clusters, by the bitmaps that an artifact of them has. */
function knownOf(
  { columns, clusters, clusterOf, items }: Clustered,
  bloom: { readonly bits: number; readonly hashes: number } | null = null,
): ClusterShares & { readonly reads: () => number } {
  const index = indexAttributes(columns, bloom);
  const words = Math.ceil(items / 64);
  const filled = new Uint32Array(clusters);
  const positions = Uint32Array.from({ length: items }, (_, item) => {
    const cluster = clusterOf(item);
    return cluster * words * 64 + filled[cluster]!++;
  });
  const layout = bitmapLayout(items, { count: clusters, words, positions });
  const table = Array.from(bitmapTable(index, columns, layout), (bytes) => bytes.slice());
  const held = valueCounts(columns, index.columns);
  let reads = 0;
  const rows = {
    words: layout.words * 2,
    read: (row: number, into: Uint32Array) => {
      reads++;
      into.set(new Uint32Array(table[row]!.buffer));
    },
  };
  return {
    counts: new ClusterCounts({ rows, index, clusters, held }),
    shares: { counts: held, items, index },
    isSingle: (column) => cellCount(columns[column]!) <= 1,
    reads: () => reads,
  };
}

const { catalogue } = smallDataset();
const CLUSTERS = 7;
const clusterOf = (item: number): number => (item * item) % CLUSTERS;
const small = { columns: catalogue.columns, clusters: CLUSTERS, clusterOf, items: ITEMS };
const itemsOf = (cluster: number): number[] =>
  [...Array(ITEMS).keys()].filter((item) => clusterOf(item) === cluster);

/** What the filter lets through of each cluster's items, one by one. */
function exact(text: string): number[] {
  const filter = bindFilter(parseFilter(text), catalogue.columns);
  return Array.from({ length: CLUSTERS }, (_, cluster) => {
    const own = itemsOf(cluster);
    return own.filter((item) => matches(filter, catalogue, item)).length / Math.max(1, own.length);
  });
}

/** Clusters of which a filter lets something through and that are said to hold nothing of it. */
const wrongly = (text: string, shares: readonly number[]): number[] =>
  [...exact(text).entries()].flatMap(([cluster, share]) =>
    share > 0 && shares[cluster] === 0 ? [cluster] : [],
  );

const estimated = (text: string, known: ClusterShares): number[] => [
  ...clusterShares(bindFilter(parseFilter(text), catalogue.columns), known),
];

describe("by bitmaps of their own", () => {
  const known = knownOf(small);

  test("a cluster's items are counted", () => {
    expect([...known.counts.sizes]).toEqual(
      Array.from({ length: CLUSTERS }, (_, cluster) => itemsOf(cluster).length),
    );
  });

  test("of single values the share of each cluster is exact, and of their NOT", () => {
    for (const { kind, name, ...column } of catalogue.columns) {
      const values = kind === "categorical" ? (column as CategoricalColumn).vocabulary : [];
      for (const value of values.filter((_, code) => code % 7 === 0)) {
        for (const text of [`${name}:"${value}"`, `NOT ${name}:"${value}"`]) {
          const shares = estimated(text, known);
          const off = exact(text).map((share, cluster) => Math.abs(share - shares[cluster]!));
          expect(Math.max(...off), text).toBeLessThan(1e-6);
        }
      }
    }
  });

  test("shares are shares, and where a filter is said to leave none for certain, it leaves none", () => {
    fc.assert(
      fc.property(anyFilter, (text) => {
        const shares = estimated(text, known);
        expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...shares)).toBeLessThanOrEqual(1);
        expect(wrongly(text, shares)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

test("by signatures, too, a filter is said to leave none only where it leaves none", () => {
  const known = knownOf(small, { bits: 24, hashes: 2 });
  fc.assert(
    fc.property(anyFilter, (text) => {
      expect(wrongly(text, estimated(text, known))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

/** Two clusters of 1,000 items: in the first a tenth is red, in the second nine tenths; half are big in both. */
const colours: Clustered = {
  columns: [
    categorical(
      "colour",
      ["red", "blue", "green"],
      Array.from({ length: 2000 }, (_, item) => [item % 1000 < (item < 1000 ? 100 : 900) ? 0 : 1]),
    ),
    categorical(
      "size",
      ["big", "small"],
      Array.from({ length: 2000 }, (_, item) => [item % 2]),
    ),
    { kind: "numeric", name: "age", values: Float32Array.from({ length: 2000 }, (_, i) => i % 10) },
  ],
  clusters: 2,
  clusterOf: (item) => (item < 1000 ? 0 : 1),
  items: 2000,
};
const sharesIn = (text: string, known: ClusterShares): number[] => [
  ...clusterShares(bindFilter(parseFilter(text), colours.columns), known),
];

test.each([
  ["colour:red", [0.1, 0.9]],
  ["NOT colour:red", [0.9, 0.1]],
  ["colour IN (red, blue)", [1, 1]],
  ["NOT colour IN (red, blue)", [0, 0]],
  ["colour:green", [0, 0]],
  ["colour:red AND size:big", [0.05, 0.45]],
  ["colour:red OR size:big", [0.55, 0.95]],
  ["NOT (colour:red OR size:big)", [0.45, 0.05]],
  ["NOT (colour:red AND size:big)", [0.95, 0.55]],
  // A comparison is taken to be as common in every cluster.
  ["age < 2", [0.2, 0.2]],
  ["colour:red AND NOT age < 2", [0.08, 0.72]],
])("%s lets %j of the clusters' items through", (text, shares) => {
  const found = sharesIn(text, knownOf(colours));
  for (const [cluster, share] of shares.entries()) expect(found[cluster]).toBeCloseTo(share, 6);
});

test("signatures say nearly the same, for how many of their hits are false is known", () => {
  // All that is not red has one of 200 other values: with 8 bits about an eighth of it seems red.
  const values = ["red", ...Array.from({ length: 200 }, (_, at) => `other ${at}`)];
  const held = Array.from({ length: 2000 }, (_, item) => [
    item % 1000 < (item < 1000 ? 100 : 900) ? 0 : 1 + ((item * 7) % 200),
  ]);
  const columns = [categorical("colour", values, held)];
  const filter = bindFilter(parseFilter("colour:red"), columns);
  const known = knownOf({ ...colours, columns }, { bits: 8, hashes: 1 });
  const shares = clusterShares(filter, known);
  expect(shares[0]).toBeCloseTo(0.1, 1);
  expect(shares[1]).toBeCloseTo(0.9, 1);
});

test("next to nothing does not become nothing", () => {
  const text = Array.from({ length: 10 }, () => "(colour:red AND age = 3 AND size:big)");
  const rare = sharesIn(text.join(" AND "), knownOf(colours));
  expect(rare[0]).toBeGreaterThan(0);
  expect(sharesIn(`NOT (NOT (${text.join(" AND ")}))`, knownOf(colours))).toEqual(rare);
});

test("a filter's bonus is that of the items that it leaves to each cluster", () => {
  const filter = bindFilter(parseFilter("colour:red AND size:big"), colours.columns);
  expect([...clusterBonus(filter, knownOf(colours))]).toEqual([
    ...bonusCodes(Float64Array.of(50, 450)),
  ]);
});

test("a value is counted once, as long as it is asked for often enough", () => {
  const known = knownOf(colours);
  const before = known.reads();
  for (let time = 0; time < 3; time++) sharesIn("colour:red AND NOT colour:blue", known);
  expect(known.reads()).toBe(before + 2);
});
