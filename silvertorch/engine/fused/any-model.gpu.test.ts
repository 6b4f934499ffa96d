import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AnswerScorer } from "../../../src/measure/recall.ts";
import { computeTruth } from "../../../src/retrieval/oracle.ts";
import { alike, anyModel, inOrder } from "../../any-model.fixture.ts";
import { Artifact } from "../../compile/artifact.ts";
import { bounded, compiled, FoundShare, smallDataset } from "../../dataset.fixture.ts";
import { openTestDevice } from "../../device/gpu.fixture.ts";
import { FusedEngine } from "./fused-engine.ts";
import { runnerOf } from "./runner.fixture.ts";

const found = await openTestDevice();
await found?.[Symbol.asyncDispose]();

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-any-fused-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const quiet = { onProgress: () => {}, signal: new AbortController().signal };

test.skipIf(found === null)(
  "on the device any model over any catalogue answers as the oracle and the engine onnx do, alone as in any batch",
  async () => {
    const share = new FoundShare();
    let folders = 0;
    await fc.assert(
      fc.asyncProperty(anyModel(["int8"]), async (given) => {
        const { size, userDim, model, settings, probes, mostProbes, batches } = given;
        const dataset = smallDataset(userDim, size);
        const folder = join(scratch, `${folders++}`);
        const options = { model, settings, probes, mostProbes };
        const { engine: onnx, reader } = await compiled(folder, dataset, options);
        const { manifest } = await Artifact.open(folder, { verify: false });
        const runner = await runnerOf(folder, { bindingBytes: 4096 });
        await using engine = new FusedEngine(runner, manifest, { probes, mostProbes });
        for (const requests of batches) {
          const asked = { ...dataset, model, requests };
          const truth = await computeTruth({ ...asked, threads: 1, ...quiet });
          const scorer = new AnswerScorer({ ...asked, truth });
          const queries = requests.map((request) => reader.read(request));
          const answers = await engine.answer(queries);
          const others = await onnx.answer(queries);
          for (const [at, answer] of answers.entries()) {
            const { recall, ...faults } = scorer.score(at, reader.idsOf(answer.rows));
            expect(faults).toEqual({ violations: 0, short: 0, duplicates: 0, unknown: 0 });
            expect([...answer.rows]).toEqual(inOrder(answer));
            expect(others[at]!.rows).toHaveLength(answer.rows.length);
            if (settings.clusters === null || probes === "all") {
              share.add(recall, answer.rows.length);
            }
            const [alone] = await engine.answer([queries[at]!]);
            expect(alike(alone!, answer) || model.value !== "score").toBe(true);
          }
        }
        await onnx[Symbol.asyncDispose]();
      }),
      bounded(2),
    );
    // 8-bit scans may miss an item now and then.
    expect(share.share).toBeGreaterThan(0.98);
  },
);
