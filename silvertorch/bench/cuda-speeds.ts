/**
 * The index-as-model on CUDA: its answers against the processor's, then its speeds:
 * `npm run proof:cuda [-- ITEMS [CLUSTERS [DIM]]]` on a machine with the card.
 */
import { availableParallelism } from "node:os";
import { defaultCacheFolder } from "../../src/dataset/cache-folder.ts";
import type { EngineAnswer } from "../engine/query.ts";
import { OnnxEngine } from "../engine/onnx-engine.ts";
import { Batches, recallOf, shortOf } from "./batches.ts";
import { contest } from "./contest.ts";
import { FILTERS } from "./filters.ts";
import { Workbench } from "./workbench.ts";

const K = 100;
const BATCH_SIZES = [1, 64, 256, 512, 1024];
const PROBES = [8, 16, 24, 32];
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
    const card = await workbench.load(settings, "cuda");
    for (const [name, filter] of Object.entries(FILTERS)) {
      const requests = workbench.requests(filter, 128);
      const wanted = await new Batches(processor, requests, 32).answers();
      const found = await new Batches(card, requests, 32).answers();
      say(
        `  ${JSON.stringify(settings)}, filter ${name}: recall ${recallOf(wanted, found).toFixed(4)}, short ${shortOf(wanted, found)}, values off by ${farthest(wanted, found).toExponential(1)}`,
      );
    }
    await card.engine[Symbol.asyncDispose]();
    await placement(card.artifact);
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
async function placement(artifact: Parameters<typeof OnnxEngine.open>[0]): Promise<void> {
  const engine = await OnnxEngine.open(artifact, {
    device: "cuda",
    threads,
    probes: 4,
    allowFallback: false,
    onDied: (error) => say(error.message),
  });
  const query = { user: { kind: "row", row: 0 }, k: K, plan: null, exclude: new Uint32Array(1) };
  await engine.answer([query as Parameters<typeof engine.answer>[0][number]]);
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
  const whole = await workbench.load({ nlist, precision: "float32", nprobe: "all" }, "cuda");
  for (const [name, filter] of Object.entries(FILTERS)) {
    const requests = workbench.requests(filter, RECALL_REQUESTS);
    truthOf.set(name, await new Batches(whole, requests, 64).answers());
  }
  await whole.engine[Symbol.asyncDispose]();
  for (const precision of ["float16", "int8"]) {
    for (const nprobe of [...PROBES, "all" as const]) {
      const loaded = await workbench.load({ nlist, precision, nprobe }, "cuda");
      for (const [name, filter] of Object.entries(FILTERS)) {
        const requests = workbench.requests(filter, RECALL_REQUESTS);
        const found = await new Batches(loaded, requests, 64).answers();
        const wanted = truthOf.get(name)!;
        const quality = `recall ${recallOf(wanted, found).toFixed(4)}, short ${shortOf(wanted, found)}`;
        const cells: string[] = [];
        for (const size of BATCH_SIZES) {
          const many = workbench.requests(filter, Math.max(size, 64));
          const batches = new Batches(loaded, many, size);
          const times = await contest([batches.contestant("card")], ROUNDS);
          const ms = times.medianMs("card");
          cells.push(`${size}: ${((1000 * size) / ms).toFixed(0)}/s (${ms.toFixed(2)} ms)`);
        }
        say(`  ${precision}, ${nprobe} probes, filter ${name}: ${quality}; ${cells.join(", ")}`);
      }
      await loaded.engine[Symbol.asyncDispose]();
    }
  }
}

const [items = 1_000_000, clusters = 1024, dim = 128] = process.argv.slice(2).map(Number);
await answers();
say(`\n${items} x ${dim}, k ${K}, ${clusters} clusters, requests a second by batch size:`);
await speeds(items, clusters, dim);
