import { expect, it } from "vitest";
import { HarnessError } from "../../src/errors.ts";
import type { Candidates, IndexService, Search } from "../services.ts";
import { ShardedIndex } from "./sharded-index.ts";

const search: Search = {
  vectors: new Float32Array(4),
  k: 3,
  eligible: { bitmap: null, count: 9 },
  excluded: new Uint32Array(0),
};

const shardOf = (answer: Candidates | HarnessError): IndexService => ({
  search: (searches) => Promise.resolve(searches.map(() => answer)),
  stats: () => Promise.resolve([]),
});

const ask = (...answers: (Candidates | HarnessError)[]) =>
  new ShardedIndex(answers.map(shardOf)).search([search, search], { deadlineMs: Infinity });

const first: Candidates = {
  rows: Uint32Array.of(1, 2, 3, 2),
  values: Float32Array.of(9, 5, 1, 7),
  counts: Uint32Array.of(3, 1),
};
const second: Candidates = {
  rows: Uint32Array.of(8, 7, 6),
  values: Float32Array.of(5, 4, 7),
  counts: Uint32Array.of(2, 1),
};

it("keeps each head's best of all shards, equal values by row", async () => {
  const [found] = await ask(second, first);
  expect(found).toEqual({
    rows: Uint32Array.of(1, 2, 8, 2, 6),
    values: Float32Array.of(9, 5, 5, 7, 7),
    counts: Uint32Array.of(3, 2),
  });
});

it("fails a search that a shard fails", async () => {
  const fault = new HarnessError("BAD_INPUT", "no");
  expect(await ask(first, fault)).toEqual([fault, fault]);
});
