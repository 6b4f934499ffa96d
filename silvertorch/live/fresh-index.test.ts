import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { foldedCatalogue } from "../../src/dataset/folded-catalogue.ts";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import {
  anyRequest,
  bounded,
  compiled,
  FoundShare,
  oneHead,
  smallDataset,
} from "../dataset.fixture.ts";
import type { OnnxEngine } from "../engine/onnx-engine.ts";
import {
  anyChanges,
  ask,
  change,
  exact,
  FLAWLESS,
  formula,
  freshIndex,
  mixture,
  perceptron,
  type RankingWorld,
  recorderOf,
  scoreOf,
  SMALL_ITEMS,
} from "./changes.fixture.ts";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-fresh-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

type Loaded = RankingWorld & { readonly engine: OnnxEngine };

test.for([
  ["MoL of three heads and a formula", mixture, 5, exact],
  ["MoL of one head", { ...mixture, heads: 1, tower: { kind: "identity" } }, 8, exact],
  ["MLP of three heads", perceptron, 5, exact],
  ["MLP, int8 in clusters", perceptron, 5, { ...exact, precision: "int8", clusters: 5 }],
  ["MoL, CUDA's graph", mixture, 5, exact, "cuda"],
  [
    "a formula alone, CUDA's graph",
    { ...oneHead, candidates: 40, value: `score + ${formula}` },
    8,
    exact,
    "cuda",
  ],
  ["MLP in clusters, WebGPU's graph", perceptron, 5, { ...exact, clusters: 5 }, "webgpu"],
  ["a formula alone", { ...oneHead, candidates: 40, value: `score + ${formula}` }, 8, exact],
] as const)(
  "with any changes, any requests get the answers of the changed catalogue: %s",
  async ([name, model, userDim, settings, graphOf]) => {
    const dataset = smallDataset(userDim);
    const folder = join(scratch, name);
    const recorder = recorderOf(model, userDim);
    const options = { model, settings, graphOf: graphOf ?? "cpu" } as const;
    const loaded = { ...(await compiled(folder, dataset, options)), recorder };
    const isExact = settings.precision === "float32";
    const share = new FoundShare();
    const requests = fc.array(anyRequest(userDim, model), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(anyChanges, anyChanges, requests, async (some, more, asked) => {
        const { live, index } = freshIndex(loaded);
        change(live, some);
        // What is asked in between is not to be remembered when it has changed.
        await ask(loaded, index, asked);
        change(live, more);
        const catalogue = foldedCatalogue(dataset.catalogue, live.changes());
        const answers = await ask(loaded, index, asked);
        for (const [at, request] of asked.entries()) {
          const answer = answers[at]!;
          const score = await scoreOf({ ...dataset, catalogue }, model, request, answer);
          share.add(score.recall, answer.ids.length);
          expect(isExact ? score : { ...score, recall: 1 }).toEqual(FLAWLESS);
        }
      }),
      bounded(12),
    );
    // An 8-bit scan may miss an item now and then.
    expect(share.share).toBeGreaterThan(0.98);
    await loaded.engine[Symbol.asyncDispose]();
  },
);

const items = Array.from({ length: 80 }, (_, at): LiveItem => {
  const number = (place: number): number => Math.sin(31 * at + 7 * place);
  return {
    id: at < 40 ? 5000 - 3 * at : 9000 + at,
    embedding: Float32Array.from({ length: SMALL_ITEMS.dim }, (_each, place) => 2 * number(place)),
    dense: Float32Array.from({ length: SMALL_ITEMS.denseDim }, (_each, place) => number(-place)),
    attributes: new Map<string, readonly string[] | number>([
      ["lang", [`v${at % 8}`]],
      ["age", (at % 9) - 4],
    ]),
  };
});

test("items that are folded into a new artifact keep their values and their places", async () => {
  const dataset = smallDataset(5);
  const recorder = recorderOf(mixture, 5);
  const open = async (name: string, from: typeof dataset): Promise<Loaded> => ({
    ...(await compiled(join(scratch, name), from, { model: mixture, settings: exact })),
    recorder,
  });
  const before = await open("unfolded", dataset);
  const { live, index } = freshIndex(before);
  change(live, [...items, 4700, 9050]);
  const catalogue = foldedCatalogue(dataset.catalogue, live.changes());
  const after = await open("folded", { ...dataset, hash: "folded", catalogue });
  const requests = Array.from({ length: 20 }, (_, at): RetrievalRequest => ({
    user: { kind: "id", id: 100 + at },
    k: 30,
    filter: at % 2 === 0 ? "" : "lang IN (v6, v7, v1) OR age > 1",
    exclude: Float64Array.of(9040 + at, 4997),
  }));
  const fresh = await ask(before, index, requests);
  const folded = await after.engine.answer(requests.map((request) => after.reader.read(request)));
  let young = 0;
  for (const [at, { ids, values }] of fresh.entries()) {
    expect([...ids]).toEqual([...after.reader.idsOf(folded[at]!.rows)]);
    for (const [place, value] of values.entries()) {
      expect(value).toBeCloseTo(folded[at]!.values[place]!, 4);
    }
    young += ids.filter((id) => items.some((item) => item.id === id)).length;
  }
  expect(young).toBeGreaterThan(100);
  await before.engine[Symbol.asyncDispose]();
  await after.engine[Symbol.asyncDispose]();
});

test("what is deleted or replaced while a batch runs is answered as it was when it began", async () => {
  const loaded = {
    ...(await compiled(join(scratch, "views"), smallDataset(5), {
      model: mixture,
      settings: exact,
    })),
    recorder: recorderOf(mixture, 5),
  };
  const { live, index } = freshIndex(loaded);
  change(live, items);
  const request: RetrievalRequest = {
    user: { kind: "id", id: 100 },
    k: 40,
    filter: "",
    exclude: new Float64Array(0),
  };
  const [expected] = await ask(loaded, index, [request]);
  const view = index.view();
  const query = view.apply(loaded.reader.read(request), request);
  change(live, [...items.slice(0, 20), ...items.slice(40).map(({ id }) => id)]);
  const [found] = await loaded.engine.answer([query], view.items);
  expect(view.idsOf(found!.rows)).toEqual(expected!.ids);
  const [now] = await ask(loaded, index, [request]);
  expect([...now!.ids].filter((id) => id >= 9000)).toEqual([]);
  await loaded.engine[Symbol.asyncDispose]();
});
