import { expect, it } from "vitest";
import { Histogram } from "../../src/math/histogram.ts";
import { Random } from "../../src/math/random.ts";
import { meshSettings } from "../../src/scenario/settings.ts";
import type { Search } from "../services.ts";
import { IndexSearcher } from "./index-searcher.ts";

const items = 500;
const dim = 8;
const random = new Random(3);
const gaussians = (length: number): Float32Array =>
  Float32Array.from({ length }, () => random.gaussian());

const embeddings = gaussians(items * dim);

/** Batches that reached a search thread. */
async function handOvers(searcher: IndexSearcher): Promise<number> {
  const [{ stages } = { stages: new Map<string, string>() }] = await searcher.stats();
  return Histogram.decode(stages.get("index.search")!).count;
}

const startOf = (threads: number): Promise<IndexSearcher> =>
  IndexSearcher.start({
    embeddings,
    dim,
    graphFile: null,
    lists: null,
    range: null,
    settings: meshSettings.parse({ index: { kind: "flat" } }).index,
    shard: 0,
    shards: 1,
    builtRows: items,
    threads,
    device: null,
  });

it("the heads of few searches go to the idle search threads in parts, and are one search", async () => {
  await using alone = await startOf(1);
  await using four = await startOf(4);
  const many: Search = {
    vectors: gaussians(7 * dim),
    k: 5,
    eligible: { bitmap: null, count: items },
    excluded: Uint32Array.of(3, 40, 400),
  };
  const two: Search = { ...many, vectors: gaussians(2 * dim) };
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
  const searches = Array.from({ length: 6 }, (): Search => ({
    vectors: gaussians(dim),
    k: 5,
    eligible: { bitmap: null, count: items },
    excluded: new Uint32Array(0),
  }));
  const alone = await searcher.search(searches);
  expect(await handOvers(searcher)).toBe(2);
  const [first, second] = await Promise.all([searcher.search(searches), searcher.search(searches)]);
  expect(await handOvers(searcher)).toBe(2 + 3);
  expect(first).toEqual(alone);
  expect(second).toEqual(alone);
});
