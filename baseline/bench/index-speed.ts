import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { meshSettings } from "../../src/scenario/settings.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { HnswGraph } from "../index/hnsw.ts";
import { IndexSearcher } from "../index/index-searcher.ts";
import type { Search } from "../services.ts";
import type { Contender } from "./paired-speed.ts";

const BATCH = 16;
const K = 100;
/** Batches under way at the service: its gateway keeps one more than it has threads. */
const LANES = 2;

export interface IndexContenders extends AsyncDisposable {
  readonly service: Contender;
  readonly direct: Contender;
}

/** The index service and usearch called directly, both in this thread, on the same graph. */
export async function indexContenders({ catalogue, users }: Dataset): Promise<IndexContenders> {
  const { embeddings, dim, count } = catalogue;
  const { index: settings } = meshSettings.parse({});
  const folder = await mkdtemp(join(tmpdir(), "silverbench-bench-"));
  const graphFile = join(folder, "graph");
  await HnswGraph.build(graphFile, { embeddings, dim }, settings, () => {});
  const graph = HnswGraph.view(graphFile, dim, settings);
  const searcher = await IndexSearcher.start({
    embeddings,
    dim,
    graphFile,
    lists: null,
    range: null,
    settings,
    shard: 0,
    shards: 1,
    builtRows: count,
    threads: 1,
    device: null,
  });
  let at = 0;
  const batchOf = (): Float32Array => {
    at = (at + BATCH) % (users.count - BATCH);
    return Float32Array.from(users.features.subarray(at * dim, (at + BATCH) * dim));
  };
  const all = { bitmap: null, count, version: 0 };
  const searches = (): Search[] => {
    const batch = batchOf();
    return Array.from({ length: BATCH }, (_, n) => ({
      vectors: batch.slice(n * dim, (n + 1) * dim),
      k: K,
      eligible: all,
      excluded: new Uint32Array(0),
    }));
  };
  return {
    service: {
      name: "index service",
      units: BATCH,
      lanes: LANES,
      run: () => searcher.search(searches()),
    },
    direct: { name: "usearch", units: BATCH, run: () => graph.walk(batchOf(), K) },
    [Symbol.asyncDispose]: async () => {
      await searcher[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
