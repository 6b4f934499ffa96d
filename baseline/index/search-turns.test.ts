import { expect, it } from "vitest";
import type { Search } from "../services.ts";
import { anySearches, DIM, embeddings, flat, ITEMS } from "./flat-index.fixture.ts";
import { SearchTurns } from "./search-turns.ts";
import { createVectorTable } from "./vector-table.ts";

const table = createVectorTable({ embeddings, dim: DIM, scorers: 1 });
const data = { ...flat, table, int8: null };
const searches = anySearches(6);

it("a batch whose scans are long is answered in several turns, in its order", async () => {
  let turns = 0;
  const whole = new SearchTurns(data, () => turns++);
  const found = await whole.search(searches);
  expect(turns).toBe(1);
  const parts = new SearchTurns(data, () => turns++, 2 * ITEMS);
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

it("a batch whose caller's time is over before its turn is not searched, and the next one is", async () => {
  let turns = 0;
  const searching = new SearchTurns(data, () => turns++);
  const first = searching.search(searches);
  const late = searching.search(searches, [], { deadlineMs: performance.now() });
  const next = searching.search(searches, [], { deadlineMs: performance.now() + 60_000 });
  await expect(late).rejects.toMatchObject({ code: "DEADLINE" });
  expect(await next).toEqual(await first);
  expect(turns).toBe(2);
});

it("a new item is found by searches that are asked after its change", async () => {
  const [search] = searches as [Search];
  const turns = new SearchTurns(data, () => {});
  const embedding = search.vectors.map((value) => value * 100);
  const change = {
    row: ITEMS,
    item: { embedding, dense: new Float32Array(0), attributes: new Map() },
  };
  expect(await turns.apply({ since: 0, version: 7, items: [change] })).toBe(7);
  const [answer] = await turns.search([search]);
  expect(answer).toMatchObject({ version: 7 });
  expect(answer!.rows[0]).toBe(ITEMS);
});
