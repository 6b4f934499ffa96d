import { expect, it } from "vitest";
import { Histogram } from "../../src/math/histogram.ts";
import { anySearch, anySearches, DIM, embeddings, flat } from "./flat-index.fixture.ts";
import { IndexSearcher } from "./index-searcher.ts";

/** Batches that reached a search thread. */
async function handOvers(searcher: IndexSearcher): Promise<number> {
  const [{ stages } = { stages: new Map<string, string>() }] = await searcher.stats();
  return Histogram.decode(stages.get("index.search")!).count;
}

const startOf = (threads: number): Promise<IndexSearcher> =>
  IndexSearcher.start({ ...flat, embeddings, dim: DIM, threads, device: null });

it("the heads of few searches go to the idle search threads in parts, and are one search", async () => {
  await using alone = await startOf(1);
  await using four = await startOf(4);
  const excluded = Uint32Array.of(3, 40, 400);
  const many = { ...anySearch(7), excluded };
  const two = { ...anySearch(2), excluded };
  for (const searches of [[many], [two], [many, two]]) {
    expect(await four.search(searches)).toEqual(await alone.search(searches));
  }
  // Of seven heads three parts, no fewer than two in each; of the two searches two and one.
  expect(await handOvers(four)).toBe(3 + 1 + 2 + 1);
  const [{ counters } = { counters: new Map<string, number>() }] = await four.stats();
  expect(counters.get("index.searches")).toBe(4);
});

it("a batch goes to the idle search threads in parts, and whole where none is idle", async () => {
  await using searcher = await startOf(2);
  const searches = anySearches(6);
  const alone = await searcher.search(searches);
  expect(await handOvers(searcher)).toBe(2);
  const [first, second] = await Promise.all([searcher.search(searches), searcher.search(searches)]);
  expect(await handOvers(searcher)).toBe(2 + 3);
  expect(first).toEqual(alone);
  expect(second).toEqual(alone);
});

it("a batch whose caller's time is over when a thread comes to it is not searched", async () => {
  await using searcher = await startOf(2);
  const searches = anySearches(6);
  const first = searcher.search(searches);
  const late = searcher.search(searches, { deadlineMs: performance.now() });
  await expect(late).rejects.toMatchObject({ code: "DEADLINE" });
  const found = await first;
  expect(await searcher.search(searches)).toEqual(found);
  expect(await handOvers(searcher)).toBe(2 + 2);
});
