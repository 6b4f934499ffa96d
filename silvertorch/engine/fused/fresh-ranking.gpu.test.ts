import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { foldedCatalogue } from "../../../src/dataset/folded-catalogue.ts";
import type { LiveItem } from "../../../src/retrieval/live-item.ts";
import { Artifact } from "../../compile/artifact.ts";
import {
  anyRequest,
  bounded,
  compiled,
  FoundShare,
  oneHead,
  smallDataset,
  threeHeads,
} from "../../dataset.fixture.ts";
import { StageTimes } from "../../../src/door/stage-times.ts";
import { changedAnswer } from "../../changed-answer.ts";
import { ChangedItems } from "../../live/changed-items.ts";
import { RequestBatches } from "../../request-batches.ts";
import { openTestDevice } from "../../device/gpu.fixture.ts";
import {
  anyChanges,
  ask,
  change,
  formula,
  freshIndex,
  mixture,
  perceptron,
  recorderOf,
  scoreOf,
} from "../../live/changes.fixture.ts";
import { openEngine } from "../open-engine.ts";
import { FusedEngine } from "./fused-engine.ts";
import { runnerOf } from "./runner.fixture.ts";

const found = await openTestDevice();
await found?.[Symbol.asyncDispose]();

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-fused-fresh-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe.skipIf(found === null)("items that came after the artifact, on the device", () => {
  test.for([
    ["MoL of three heads and a formula", mixture, 5],
    ["MLP of three heads", perceptron, 5],
    // More places than there are compiled items.
    ["a formula alone", { ...oneHead, candidates: 400, value: `score + ${formula}` }, 8],
  ] as const)(
    "are ranked with the others as the oracle ranks the changed catalogue: %s",
    async ([name, model, userDim]) => {
      const dataset = smallDataset(userDim);
      const folder = join(scratch, name);
      const settings = {
        precision: "int8",
        scale: "perItem",
        clusters: name.startsWith("MoL") ? 5 : null,
        eligibility: { kind: "exact" },
      } as const;
      const { engine: onnx, reader } = await compiled(folder, dataset, { model, settings });
      const { manifest } = await Artifact.open(folder, { verify: false });
      await using engine = new FusedEngine(await runnerOf(folder), manifest, { probes: "all" });
      const world = { engine, reader, recorder: recorderOf(model, userDim) };
      const requests = fc.array(anyRequest(userDim, model), { minLength: 1, maxLength: 4 });
      const share = new FoundShare();
      await fc.assert(
        fc.asyncProperty(anyChanges, requests, async (changes, asked) => {
          const { live, index } = freshIndex(world);
          change(live, changes);
          const catalogue = foldedCatalogue(dataset.catalogue, live.changes());
          const answers = await ask(world, index, asked);
          const others = await ask({ ...world, engine: onnx }, index, asked);
          for (const [at, request] of asked.entries()) {
            const answer = answers[at]!;
            const score = await scoreOf({ ...dataset, catalogue }, model, request, answer);
            const { recall, ...faults } = score;
            share.add(recall, answer.ids.length);
            expect(faults).toEqual({ violations: 0, short: 0, duplicates: 0, unknown: 0 });
            const { ids, values } = others[at]!;
            const valueOf = new Map([...ids].map((id, place) => [id, values[place]!]));
            for (const [place, id] of answer.ids.entries()) {
              const theirs = valueOf.get(id) ?? answer.values[place]!;
              expect(Math.abs(answer.values[place]! - theirs)).toBeLessThan(1e-3);
            }
          }
        }),
        bounded(10),
      );
      // 8-bit scans round differently, so now and then the last places are other items'.
      expect(share.share).toBeGreaterThan(0.98);
      await onnx[Symbol.asyncDispose]();
    },
  );

  test.for([
    ["one head", oneHead, 8],
    ["three heads", threeHeads, 5],
  ] as const)(
    "are merged into answers where the score is all that counts: %s",
    async ([name, model, userDim]) => {
      const dataset = smallDataset(userDim);
      const folder = join(scratch, `score-${name}`);
      const clusters = model.heads === 1 ? null : 5;
      const settings = {
        precision: "int8",
        scale: "perItem",
        clusters,
        eligibility: { kind: "exact" },
      } as const;
      const { engine: onnx, reader } = await compiled(folder, dataset, { model, settings });
      await onnx[Symbol.asyncDispose]();
      const { manifest } = await Artifact.open(folder, { verify: false });
      await using engine = new FusedEngine(await runnerOf(folder), manifest, { probes: "all" });
      const { count, dim } = dataset.catalogue;
      const artifactItems = {
        count,
        dim,
        denseDim: 3,
        holds: (id: number) => reader.holds(id),
        rowOf: (id: number) => reader.rowOf(id),
        idsOf: (rows: Uint32Array) => reader.idsOf(rows),
      };
      let changed = ChangedItems.of([], artifactItems, null);
      engine.scoreFresh((fresh) => changed.live.embeddings(fresh));
      const stages = new StageTimes();
      const limits = { maxBatch: 8, maxWaitMs: 0, maxInFlight: 100, stages };
      const batches = new RequestBatches(reader, engine, () => changed, limits);
      const requests = fc.array(anyRequest(userDim, model), { minLength: 1, maxLength: 4 });
      const share = new FoundShare();
      await fc.assert(
        fc.asyncProperty(anyChanges, requests, async (changes, asked) => {
          changed = ChangedItems.of([], artifactItems, null);
          change(changed.live, changes);
          const source = { changed, batches, widensAnswers: false, items: count };
          const catalogue = foldedCatalogue(dataset.catalogue, changed.live.changes());
          const context = { deadlineMs: Infinity };
          const answers = await Promise.all(
            asked.map((request) => changedAnswer(source, request, context)),
          );
          for (const [at, request] of asked.entries()) {
            const { ids, values } = answers[at]!;
            const score = await scoreOf({ ...dataset, catalogue }, model, request, { ids });
            const { recall, ...faults } = score;
            share.add(recall, ids.length);
            expect(faults).toEqual({ violations: 0, short: 0, duplicates: 0, unknown: 0 });
            expect([...values]).toEqual([...values].toSorted((a, b) => b - a));
          }
        }),
        bounded(15),
      );
      expect(share.share).toBeGreaterThan(0.98);
    },
  );

  test("go to a thread of its own as often as they are asked for, more of them each time", async () => {
    const dataset = smallDataset(5);
    const settings = { precision: "int8", scale: "perItem", clusters: null } as const;
    const eligibility = { kind: "exact" } as const;
    const folder = join(scratch, "thread");
    const options = { model: mixture, settings: { ...settings, eligibility } };
    const { engine: onnx, reader } = await compiled(folder, dataset, options);
    const artifact = await Artifact.open(folder, { verify: false });
    await using engine = await openEngine(artifact, {
      kind: "fused",
      probing: { probes: "all" },
      allowSoftware: true,
      cachePrecision: "float16",
    });
    const world = { engine, reader, recorder: recorderOf(mixture, 5) };
    const { live, index } = freshIndex(world);
    const request = {
      user: { kind: "id", id: dataset.users.ids[3]! },
      k: 20,
      filter: "lang:v6 OR age > 0",
      exclude: Float64Array.of(9001),
    } as const;
    for (let batch = 0; batch < 3; batch++) {
      const items = Array.from({ length: 200 }, (_, at): LiveItem => ({
        id: 9000 + 200 * batch + at,
        embedding: Float32Array.from({ length: 8 }, (_each, place) => Math.sin(at + 7 * place)),
        dense: new Float32Array(3).fill(at / 200),
        attributes: new Map([["lang", [`v${at % 7}`]]]),
      }));
      change(live, items);
      const [here] = await ask({ engine: onnx, reader }, index, [request]);
      const [there] = await ask(world, index, [request]);
      expect(there!.ids.some((id) => id >= 9000 + 200 * batch)).toBe(true);
      expect(there!.values).toHaveLength(20);
      for (const [at, value] of there!.values.entries()) {
        expect(value).toBeCloseTo(here!.values[at]!, 2);
      }
    }
    await onnx[Symbol.asyncDispose]();
  });
});
