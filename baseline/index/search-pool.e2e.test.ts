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

/** Batches that reached a search thread. */
async function handOvers(searcher: IndexSearcher): Promise<number> {
  const [{ stages } = { stages: new Map<string, string>() }] = await searcher.stats();
  return Histogram.decode(stages.get("index.search")!).count;
}

it("a batch goes to the idle search threads in parts, and whole where none is idle", async () => {
  await using searcher = await IndexSearcher.start({
    embeddings: gaussians(items * dim),
    dim,
    graphFile: null,
    lists: null,
    range: null,
    settings: meshSettings.parse({ index: { kind: "flat" } }).index,
    shard: 0,
    shards: 1,
    builtRows: items,
    workers: 2,
    device: null,
  });
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
