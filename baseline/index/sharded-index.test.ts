import { expect, it } from "vitest";
import { HarnessError } from "../../src/errors.ts";
import type { Dated } from "../live/changes.ts";
import type { Candidates, IndexService, Search } from "../services.ts";
import { ShardedIndex } from "./sharded-index.ts";

const search: Search = {
  vectors: new Float32Array(4),
  k: 3,
  eligible: { bitmap: null, count: 9 },
  excluded: new Uint32Array(0),
};

const shardOf = (answer: Dated<Candidates> | HarnessError): IndexService => ({
  followers: [],
  search: (searches) => Promise.resolve(searches.map(() => answer)),
  stats: () => Promise.resolve([]),
});

const ask = (...answers: (Dated<Candidates> | HarnessError)[]) =>
  new ShardedIndex(answers.map(shardOf)).search([search, search], { deadlineMs: Infinity });

const first: Dated<Candidates> = {
  version: 4,
  rows: Uint32Array.of(1, 2, 3, 2),
  values: Float32Array.of(9, 5, 1, 7),
  counts: Uint32Array.of(3, 1),
};
const second: Dated<Candidates> = {
  version: 4,
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
    version: 4,
  });
});

it("says of no version that shards of different ones answer from it", async () => {
  const [found] = await ask(first, { ...second, version: 5 });
  expect(found).toMatchObject({ version: NaN });
});

it("fails a search that a shard fails", async () => {
  const fault = new HarnessError("BAD_INPUT", "no");
  expect(await ask(first, fault)).toEqual([fault, fault]);
});
