import { HarnessError } from "../../src/errors.ts";
import { OnnxEngine } from "../engine/onnx-engine.ts";
import { warmUp } from "../engine/warm-up.ts";
import { Batches, recallOf, shortOf } from "./batches.ts";
import { FILTERS } from "./filters.ts";
import type { Loaded, Workbench } from "./workbench.ts";

/** Settings of which each makes another form of the graph. */
const FORMS: readonly object[] = [
  { precision: "float32" },
  { precision: "float16" },
  { precision: "int8" },
  { precision: "float32", nlist: 64, nprobe: "all" },
  { precision: "float16", nlist: 64, nprobe: 16 },
  { precision: "int8", nlist: 64, nprobe: 16 },
];
const REQUESTS = 128;
const BATCH = 32;
/** Where every item is scored, all but near ties are the same. */
const LEAST_RECALL = 0.999;

/**
 * Holds what the card answers against the plainest graph on the processor.
 * @throws HarnessError INVALID if an answer is short, or lacks items though all were scored;
 *   UNAVAILABLE if a node with real work does not run on the card.
 */
export async function checkAnswers(
  workbench: Workbench,
  { threads, say }: { readonly threads: number; readonly say: (line: string) => void },
): Promise<void> {
  const processor = await workbench.load({});
  for (const settings of FORMS) {
    const card = await workbench.load(settings, "cuda");
    for (const [name, filter] of Object.entries(FILTERS)) {
      const requests = workbench.requests(filter, REQUESTS);
      const wanted = await new Batches(processor, requests, BATCH).answers();
      const found = await new Batches(card, requests, BATCH).answers();
      const [recall, short] = [recallOf(wanted, found), shortOf(wanted, found)];
      const line = `${JSON.stringify(settings)}, filter ${name}: recall ${recall.toFixed(4)}, short ${short}`;
      say(`  ${line}`);
      const isWhole = !("nprobe" in settings) || settings.nprobe === "all";
      if (short > 0 || (isWhole && recall < LEAST_RECALL)) {
        throw new HarnessError("INVALID", `the card answers otherwise than the processor: ${line}`);
      }
    }
    await card.engine[Symbol.asyncDispose]();
    await checkPlacement(card, threads);
  }
  await processor.engine[Symbol.asyncDispose]();
  say("  all nodes with real work run on the card");
}

async function checkPlacement({ artifact, reader }: Loaded, threads: number): Promise<void> {
  await using engine = await OnnxEngine.open(artifact, {
    device: "cuda",
    threads,
    probing: { probes: 4 },
    allowFallback: false,
    // It shows in the next answer.
    onDied: () => {},
  });
  await warmUp(engine, { maxBatch: 4, plan: reader.anyPlan(), onProgress: () => {} });
  await engine.checkPlacement();
}
