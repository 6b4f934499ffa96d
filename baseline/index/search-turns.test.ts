import { expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import { meshSettings } from "../../src/scenario/settings.ts";
import type { Search } from "../services.ts";
import { SearchTurns } from "./search-turns.ts";
import { createVectorTable } from "./vector-table.ts";

const items = 500;
const dim = 8;
const random = new Random(3);
const gaussians = (length: number): Float32Array =>
  Float32Array.from({ length }, () => random.gaussian());

const data = {
  table: createVectorTable({ embeddings: gaussians(items * dim), dim, scorers: 1 }),
  int8: null,
  graphFile: null,
  lists: null,
  range: null,
  settings: meshSettings.parse({ index: { kind: "flat" } }).index,
  shard: 0,
  shards: 1,
  builtRows: items,
};
const searches = Array.from({ length: 6 }, (): Search => ({
  vectors: gaussians(dim),
  k: 5,
  eligible: { bitmap: null, count: items },
  excluded: new Uint32Array(0),
}));

it("a batch whose scans are long is answered in several turns, in its order", async () => {
  let turns = 0;
  const whole = new SearchTurns(data, () => turns++);
  const found = await whole.search(searches);
  expect(turns).toBe(1);
  const parts = new SearchTurns(data, () => turns++, 2 * items);
  expect(await parts.search(searches)).toEqual(found);
  expect(turns).toBe(1 + 3);
});

it("a batch is answered before the next one is searched", async () => {
  const events: string[] = [];
  const turns = new SearchTurns(data, () => events.push("searched"));
  const ask = async (): Promise<void> => {
    await turns.search(searches);
    events.push("answered");
  };
  await Promise.all([ask(), ask(), ask()]);
  expect(events).toEqual(Array.from({ length: 3 }, () => ["searched", "answered"]).flat());
});

it("a new item is found by searches that are asked after its change", async () => {
  const [search] = searches as [Search];
  const turns = new SearchTurns(data, () => {});
  const embedding = search.vectors.map((value) => value * 100);
  const change = {
    row: items,
    item: { embedding, dense: new Float32Array(0), attributes: new Map() },
  };
  expect(await turns.apply({ since: 0, version: 7, items: [change] })).toBe(7);
  const [answer] = await turns.search([search]);
  expect(answer).toMatchObject({ version: 7 });
  expect(answer!.rows[0]).toBe(items);
});
