import { expect, test } from "vitest";
import { Random } from "../math/random.ts";
import type { Catalogue, Users } from "../retrieval/catalogue.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import { computeTruth } from "../retrieval/oracle.ts";
import { ChangingCatalogue } from "./changing-catalogue.ts";
import { ItemKey } from "./item-key.ts";
import { ItemValues } from "./item-values.ts";

const COUNT = 60;
const DIM = 6;
const random = new Random(3);
const gaussians = (length: number): Float32Array =>
  Float32Array.from({ length }, () => random.gaussian());
const catalogue: Catalogue = {
  count: COUNT,
  dim: DIM,
  embeddings: gaussians(COUNT * DIM),
  ids: Float64Array.from({ length: COUNT }, (_, row) => 700 + row),
  columns: [
    {
      kind: "numeric",
      name: "price",
      values: gaussians(COUNT).map((x, at) => (at % 5 === 0 ? NaN : x)),
    },
  ],
  dense: gaussians(COUNT * 2),
  denseDim: 2,
};
const users: Users = {
  count: 9,
  dim: DIM,
  ids: Float64Array.from({ length: 9 }, (_, row) => 40 + row),
  features: gaussians(9 * DIM),
};
const dataset = { catalogue, users };
const scored: ModelSpec = {
  seed: 1,
  heads: 2,
  candidates: COUNT,
  tower: { kind: "mlp", hidden: [8] },
  overarch: "none",
  value: "score",
};
const ranked: ModelSpec = {
  ...scored,
  overarch: "mol",
  tasks: ["click", "like"],
  value: "click * 2 + like + default(price, 3) + score / 10",
};
const signal = new AbortController().signal;

test.for([
  ["a score", scored],
  ["a mixture of logits, and what the formula makes of it", ranked],
] as const)("an item is worth what the oracle says: %s", async ([, model]) => {
  const values = new ItemValues(dataset, model);
  const requests = [0, 8].map((user) => ({
    user: { kind: "id", id: users.ids[user]! } as const,
    k: COUNT,
    filter: "",
    exclude: new Float64Array(0),
  }));
  const given = { catalogue, users, model, requests, threads: 1, signal, onProgress: () => {} };
  const truth = await computeTruth(given);
  for (const [nth, user] of [0, 8].entries()) {
    for (let at = truth.offsets[nth]!; at < truth.offsets[nth + 1]!; at++) {
      const row = truth.rows[at]!;
      const item = {
        embedding: catalogue.embeddings.subarray(row * DIM, (row + 1) * DIM),
        dense: catalogue.dense.subarray(row * 2, (row + 1) * 2),
        attributesOf: row,
      };
      expect(values.valueOf(user, item)).toBeCloseTo(truth.values[at]!, 9);
    }
  }
});

test("a new version is told from the old one by its value, by a user to whom that matters", () => {
  const changing = new ChangingCatalogue(catalogue, new ItemKey(catalogue), 4);
  const values = new ItemValues(dataset, ranked);
  const versions = Array.from({ length: 30 }, () => changing.burst(1)).flatMap(
    ({ version }) => version ?? [],
  );
  expect(versions.length).toBeGreaterThan(3);
  for (const version of versions) {
    const two = values.ofVersions(version, () => random.int(users.count))!;
    const { before, after } = two;
    expect(Math.abs(before - after)).toBeGreaterThan(0.1 * Math.abs(before));
    expect([...users.ids]).toContain(two.userId);
  }
});

test("where a formula values all alike, no user tells versions apart", () => {
  const changing = new ChangingCatalogue(catalogue, new ItemKey(catalogue), 4);
  const values = new ItemValues(dataset, { ...ranked, value: "0 * score + 7" });
  const versions = Array.from({ length: 30 }, () => changing.burst(1)).flatMap(
    ({ version }) => version ?? [],
  );
  expect(versions).not.toEqual([]);
  expect(versions.map((version) => values.ofVersions(version, () => 0))).toEqual(
    versions.map(() => null),
  );
});
