import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HarnessError } from "../../src/errors.ts";
import { Random } from "../../src/math/random.ts";
import { meshSettings } from "../../src/scenario/settings.ts";
import type { Dated } from "../live/changes.ts";
import { INDEX_SERVICE } from "../mesh-wire.ts";
import { Closing } from "../parts/closing.ts";
import { ReplicaSet } from "../replica-set.ts";
import type { Candidates, IndexService, Search, SearchEffort } from "../services.ts";
import { HnswGraph } from "./hnsw.ts";
import { remoteIndex, serveIndex } from "./index-rpc.ts";
import { IndexSearcher } from "./index-searcher.ts";
import { readInvertedLists, writeInvertedLists } from "./inverted-lists.ts";

const items = 4_000;
const dim = 24;
const k = 20;
const random = new Random(5);
const gaussians = (length: number): Float32Array =>
  Float32Array.from({ length }, () => random.gaussian());
const embeddings = gaussians(items * dim);
const queries = Array.from({ length: 20 }, () => gaussians(dim));

const context = { deadlineMs: Infinity };
const closing = new Closing();
let hnsw: IndexService;
let ivf: IndexService;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "silverbench-effort-"));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  const { index: graph } = meshSettings.parse({
    index: { expansionSearch: 32, connectivity: 6, exactBelow: 0 },
  });
  const graphFile = join(folder, "graph");
  await HnswGraph.build(graphFile, { embeddings, dim }, graph, () => {});
  hnsw = await overTheWire({ settings: graph, graphFile, lists: null });
  const { index: settings } = meshSettings.parse({
    index: { kind: "ivf-flat", clusters: 100, probes: 2, join: "pre" },
  });
  await writeInvertedLists(folder, { embeddings, dim }, settings, () => {});
  const lists = await readInvertedLists(folder, { items, dim });
  ivf = await overTheWire({ settings, graphFile: null, lists });
});
afterAll(() => closing[Symbol.asyncDispose]());

async function overTheWire(
  own: Pick<Parameters<typeof IndexSearcher.start>[0], "settings" | "graphFile" | "lists">,
): Promise<IndexService> {
  const shape = { embeddings, dim, range: null, shard: 0, shards: 1, builtRows: items };
  const searcher = await IndexSearcher.start({ ...shape, ...own, threads: 1, device: null });
  const { port } = closing.add(await serveIndex(closing.add(searcher), {}));
  const set = await ReplicaSet.connect([`127.0.0.1:${port}`], INDEX_SERVICE);
  closing.defer(() => set.close());
  return remoteIndex(set);
}

const searchWith = (vectors: Float32Array, effort?: SearchEffort): Search => ({
  vectors,
  k,
  eligible: { bitmap: null, count: items },
  excluded: new Uint32Array(0),
  ...(effort === undefined ? {} : { effort }),
});

function valueOf(row: number, query: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += embeddings[row * dim + d]! * query[d]!;
  return sum;
}

const best = queries.map((query) =>
  Array.from({ length: items }, (_, row) => row)
    .toSorted((a, b) => valueOf(b, query) - valueOf(a, query))
    .slice(0, k),
);

async function recallAt(service: IndexService, effort?: SearchEffort): Promise<number> {
  const answers = await service.search(
    queries.map((query) => searchWith(query, effort)),
    context,
  );
  const hits = answers.map((answer, at) => {
    const { rows } = answer as Dated<Candidates>;
    return best[at]!.filter((row) => rows.includes(row)).length;
  });
  return hits.reduce((sum, own) => sum + own, 0) / (k * queries.length);
}

describe("a search that says how thoroughly the index is to look", () => {
  it("finds more in a graph the more candidates it keeps, of one file and one process", async () => {
    const asSet = await recallAt(hnsw);
    expect(await recallAt(hnsw, { expansionSearch: 32 })).toBe(asSet);
    const recalls: number[] = [];
    for (const expansionSearch of [64, 128, 256, 512, 1024, 100, 200, 300, 400]) {
      recalls.push(await recallAt(hnsw, { expansionSearch }));
    }
    const [narrow, , , , wide] = recalls;
    expect(narrow).toBeGreaterThan(asSet);
    expect(wide).toBeGreaterThan(narrow!);
    expect(await recallAt(hnsw)).toBe(asSet);
  });

  it("finds all in inverted lists once it looks into all clusters", async () => {
    expect(await recallAt(ivf)).toBeLessThan(0.9);
    expect(await recallAt(ivf, { probes: 100 })).toBe(1);
  });

  it("is answered beside others of its batch as it is alone", async () => {
    const [query] = queries as [Float32Array];
    const alone = await ivf.search([searchWith(query, { probes: 50 })], context);
    const batch = [searchWith(query), searchWith(query, { probes: 50 }), searchWith(query)];
    const [first, second, third] = await ivf.search(batch, context);
    expect(second).toEqual(alone[0]);
    expect(first).toEqual(third);
    expect(first).not.toEqual(second);
  });

  it("is told what is wrong with it, and the others of its batch are answered", async () => {
    const [query] = queries as [Float32Array];
    const [wide, other, strange] = await hnsw.search(
      [
        searchWith(query, { expansionSearch: 70_000 }),
        searchWith(query),
        searchWith(query, { probes: 8 }),
      ],
      context,
    );
    expect(wide).toMatchObject({
      code: "BAD_INPUT",
      where: "expansionSearch",
      message: "expansionSearch: expected a whole number of 8 to 65536, came 70000",
    });
    expect(other).not.toBeInstanceOf(HarnessError);
    expect(strange).toMatchObject({
      code: "BAD_INPUT",
      where: "probes",
      message: "an index of the kind hnsw takes no probes",
    });
  });
});
