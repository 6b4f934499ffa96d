/**
 * The index-as-model on CUDA: its answers against the processor's, then its speeds:
 * `npm run proof:cuda [-- ITEMS [CLUSTERS [DIM]]]` on a machine with the card.
 */
import { availableParallelism } from "node:os";
import { defaultCacheFolder } from "../../src/dataset/cache-folder.ts";
import { HarnessError } from "../../src/errors.ts";
import type { EngineAnswer } from "../engine/query.ts";
import { OnnxEngine } from "../engine/onnx-engine.ts";
import { warmUp } from "../engine/warm-up.ts";
import { Batches, recallOf, shortOf } from "./batches.ts";
import { contest } from "./contest.ts";
import { FILTERS } from "./filters.ts";
import { type Loaded, Workbench } from "./workbench.ts";

const K = 100;
const BATCH_SIZES = [1, 64, 256, 512, 1024];
const PROBES = [8, 16, 20, 24, 32];
const RECALL_REQUESTS = 512;
const ROUNDS = 7;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const threads = availableParallelism();

const open = (items: number, dim: number): Promise<Workbench> =>
  Workbench.open({ items, dim, k: K, cacheFolder: defaultCacheFolder(), threads, say });

/** Every form of the graph on the card, against the plainest one on the processor. */
async function answers(): Promise<void> {
  const workbench = await open(20_000, 64);
  const processor = await workbench.load({});
  say("answers on the card against the processor's, 20000 x 64:");
  for (const settings of [
    { precision: "float32" },
    { precision: "float16" },
    { precision: "int8" },
    { precision: "float16", nlist: 64, nprobe: 16 },
    { precision: "int8", nlist: 64, nprobe: 16 },
    { precision: "float32", nlist: 64, nprobe: "all" },
  ]) {
    const card = await attempt(() => workbench.load(settings, "cuda"));
    if (card === null) continue;
    for (const [name, filter] of Object.entries(FILTERS)) {
      const requests = workbench.requests(filter, 128);
      const wanted = await new Batches(processor, requests, 32).answers();
      const found = await attempt(() => new Batches(card, requests, 32).answers());
      if (found === null) continue;
      say(
        `  ${JSON.stringify(settings)}, filter ${name}: recall ${recallOf(wanted, found).toFixed(4)}, short ${shortOf(wanted, found)}, values off by ${farthest(wanted, found).toExponential(1)}`,
      );
    }
    await card.engine[Symbol.asyncDispose]();
    await attempt(() => placement(card));
  }
  await processor.engine[Symbol.asyncDispose]();
}

/** The largest difference of best values. */
const farthest = (wanted: readonly EngineAnswer[], found: readonly EngineAnswer[]): number =>
  Math.max(
    ...found.map(({ values }, at) =>
      values.length === 0 ? 0 : Math.abs(values[0]! - wanted[at]!.values[0]!),
    ),
  );

/** Says what does not run on the card, if anything. */
async function placement({ artifact, reader }: Loaded): Promise<void> {
  const plan = reader.anyPlan();
  const engine = await OnnxEngine.open(artifact, {
    device: "cuda",
    threads,
    probes: 4,
    allowFallback: false,
    onDied: (error) => say(error.message),
  });
  await warmUp(engine, { maxBatch: 4, plan });
  say(
    `  ${await engine.checkPlacement().then(
      () => "all on the card",
      (error: Error) => error.message,
    )}`,
  );
  await engine[Symbol.asyncDispose]();
}

async function speeds(items: number, nlist: number, dim: number): Promise<void> {
  const workbench = await open(items, dim);
  const truthOf = new Map<string, readonly EngineAnswer[]>();
  for (const precision of ["float16"]) {
    const all = await workbench.load({ nlist, precision, nprobe: "all" }, "cuda");
    for (const [name, filter] of Object.entries(FILTERS)) {
      const requests = workbench.requests(filter, RECALL_REQUESTS);
      // Scanned in float16, the best are scored again in float32: the truth, but for a hair.
      const truth = truthOf.get(name) ?? (await new Batches(all, requests, 64).answers());
      truthOf.set(name, truth);
      for (const probes of [...PROBES, "all" as const]) {
        const found = await attempt(async () =>
          new Batches(all.probing(probes), requests, 64).answers(),
        );
        if (found === null) continue;
        const quality = `recall ${recallOf(truth, found).toFixed(4)}, short ${shortOf(truth, found)}`;
        say(`  ${precision}, ${probes} probes, filter ${name}: ${quality}`);
        const loaded = all.probing(probes);
        for (const size of BATCH_SIZES) {
          if (probes === "all" && size > 512) continue;
          const many = workbench.requests(filter, Math.max(2 * size, 64));
          const batches = new Batches(loaded, many, size);
          const times = await attempt(() => contest([batches.contestant("card")], ROUNDS));
          if (times === null) break;
          const ms = times.medianMs("card");
          say(`    batch ${size}: ${((1000 * size) / ms).toFixed(0)}/s, ${ms.toFixed(2)} ms`);
        }
      }
    }
    await all.engine[Symbol.asyncDispose]();
  }
}

/** What cannot be run is said, and the rest goes on. */
async function attempt<T>(run: () => Promise<T>): Promise<T | null> {
  try {
    return await run();
  } catch (error) {
    const { message, cause } = HarnessError.from(error);
    say(`    ${message}: ${String(cause)}`);
    return null;
  }
}

const [items = 1_000_000, clusters = 1024, dim = 128] = process.argv.slice(2).map(Number);
await answers();
say(`\n${items} x ${dim}, k ${K}, ${clusters} clusters, requests a second by batch size:`);
await speeds(items, clusters, dim);
