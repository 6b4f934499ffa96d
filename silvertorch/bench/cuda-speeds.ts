/**
 * The index-as-model on CUDA: its answers against the processor's, then its speeds:
 * `npm run proof:cuda [-- ITEMS [CLUSTERS [DIM]]]` on a machine with the card.
 */
import { availableParallelism } from "node:os";
import { defaultCacheFolder } from "../../src/dataset/cache-folder.ts";
import type { EngineAnswer } from "../engine/query.ts";
import { Batches, recallOf, shortOf } from "./batches.ts";
import { checkAnswers } from "./card-answers.ts";
import { contest } from "./contest.ts";
import { FILTERS } from "./filters.ts";
import { type Loaded, Workbench } from "./workbench.ts";

const K = 100;
const BATCH_SIZES = [1, 64, 256, 512, 1024];
/** With every item scored, larger batches are run in parts. */
const LARGEST_WHOLE = 512;
const PROBES = [8, 16, 20, 24, 32, "all"] as const;
const RECALL_REQUESTS = 512;
const ROUNDS = 7;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const threads = availableParallelism();

const open = (items: number, dim: number): Promise<Workbench> =>
  Workbench.open({ items, dim, k: K, cacheFolder: defaultCacheFolder(), threads, say });

async function speeds(workbench: Workbench, nlist: number): Promise<void> {
  const all = await workbench.load({ nlist, precision: "float16", nprobe: "all" }, "cuda");
  for (const [name, filter] of Object.entries(FILTERS)) {
    const requests = workbench.requests(filter, RECALL_REQUESTS);
    // Scanned in float16, the best are scored again in float32: the truth, but for a hair.
    const truth = await new Batches(all, requests, 64).answers();
    for (const probes of PROBES) {
      const loaded = all.probing(probes);
      const found: EngineAnswer[] = await new Batches(loaded, requests, 64).answers();
      const [recall, short] = [recallOf(truth, found), shortOf(truth, found)];
      say(`  filter ${name}, ${probes} probes: recall ${recall.toFixed(4)}, short ${short}`);
      const sizes = BATCH_SIZES.filter((size) => probes !== "all" || size <= LARGEST_WHOLE);
      for (const size of sizes) await speed(loaded, workbench, { filter, size });
    }
  }
  await all.engine[Symbol.asyncDispose]();
}

async function speed(
  loaded: Loaded,
  workbench: Workbench,
  { filter, size }: { readonly filter: string; readonly size: number },
): Promise<void> {
  const requests = workbench.requests(filter, Math.max(2 * size, 64));
  const batches = new Batches(loaded, requests, size);
  const ms = (await contest([batches.contestant("card")], ROUNDS)).medianMs("card");
  say(`    batch ${size}: ${((1000 * size) / ms).toFixed(0)}/s, ${ms.toFixed(2)} ms`);
}

const [items = 1_000_000, clusters = 1024, dim = 128] = process.argv.slice(2).map(Number);
say("answers on the card against the processor's, 20000 x 64:");
await checkAnswers(await open(20_000, 64), { threads, say });
say(`\n${items} x ${dim}, k ${K}, ${clusters} clusters, float16, by batch size:`);
await speeds(await open(items, dim), clusters);
