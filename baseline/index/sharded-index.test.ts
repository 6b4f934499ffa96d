import { setTimeout as sleep } from "node:timers/promises";
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

it("does without a shard that fails, where it may, and says so", async () => {
  const away = new HarnessError("UNAVAILABLE", "away");
  const lost: IndexService = { ...shardOf(first), search: () => Promise.reject(away) };
  const allowed = new ShardedIndex([shardOf(first), lost], 1_000);
  const [found] = await allowed.search([search], { deadlineMs: Infinity });
  expect(found).toEqual({ ...first, partial: true });
  const none = new ShardedIndex([lost, lost], 1_000).search([search], { deadlineMs: Infinity });
  await expect(none).rejects.toBe(away);
  const forbidden = new ShardedIndex([shardOf(first), lost]);
  await expect(forbidden.search([search], { deadlineMs: Infinity })).rejects.toBe(away);
});

it("does without a shard that hangs, but not without all", async () => {
  const hung: IndexService = { ...shardOf(first), search: () => new Promise(() => {}) };
  const [found] = await new ShardedIndex([hung, shardOf(second)], 1).search([search], {
    deadlineMs: Infinity,
  });
  expect(found).toEqual({ ...second, partial: true });
  const late: IndexService = {
    ...shardOf(first),
    search: async (searches) => {
      await sleep(30);
      return searches.map(() => first);
    },
  };
  const [awaited] = await new ShardedIndex([hung, late], 1).search([search], {
    deadlineMs: Infinity,
  });
  expect(awaited).toEqual({ ...first, partial: true });
});
