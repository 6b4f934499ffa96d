import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CandidateRanker, rankingOf } from "../../../src/retrieval/candidate-ranker.ts";
import type { ModelSpec } from "../../../src/retrieval/model-spec.ts";
import { createModel } from "../../../src/retrieval/model.ts";
import { Artifact } from "../../compile/artifact.ts";
import { compileArtifact } from "../../compile/compile.ts";
import type { ArtifactSettings } from "../../compile/manifest.ts";
import { bounded, ITEMS, oneHead, smallDataset, threeHeads } from "../../dataset.fixture.ts";
import { openTestDevice } from "../../device/gpu.fixture.ts";
import { PlainRecorder } from "../../device/passes.ts";
import { USER_KINDS } from "../../kernels/ranking/user-inputs.ts";
import { HEADER, HEADER_WORDS } from "../../kernels/search/batch-words.ts";
import type { SearchShape } from "../../kernels/search/search-shape.ts";
import { packFreshOpen } from "../fused/pack-fresh-open.ts";
import { Selections } from "../fused/selections.ts";
import { NO_ROW, type LaneBuffers } from "../fused/stages.ts";
import { FreshStage } from "./fresh-stage.ts";
import { openQueryStage } from "./query-stage.ts";
import { openRankingStage, type RankingOptions } from "./ranking-stage.ts";

const device = await openTestDevice();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-ranking-"));
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const exact: ArtifactSettings = {
  precision: "int8",
  scale: "perItem",
  clusters: null,
  eligibility: { kind: "exact" },
};
const clustered: ArtifactSettings = { ...exact, clusters: 7 };

const formula =
  "(sigmoid(click) + 0.3 * watch) * if(lang:v1 OR topic IN (v2, v3), 1.2, 1) - 0.1 * default(age, 0.5) + 0.01 * score";
const mol = { userGroups: 3, itemGroups: 2, dim: 5, gateHidden: 7, temperature: 0.2 };
const USER_DIM = 13;
const CAPACITY = { requests: 5, places: 40 };

/** Stages over a compiled artifact, and what the domain says of candidates. */
async function opened(
  model: ModelSpec,
  settings: ArtifactSettings,
  { userDim = USER_DIM, ...options }: RankingOptions & { readonly userDim?: number } = {},
) {
  const dataset = smallDataset(userDim);
  const path = await mkdtemp(join(folder, "artifact-"));
  await compileArtifact({
    dataset,
    model,
    settings,
    threads: 1,
    folder: join(path, "a"),
    onProgress: () => {},
  });
  const artifact = await Artifact.open(join(path, "a"), { verify: false });
  const query = await openQueryStage(device!, artifact);
  const ranking = await openRankingStage(device!, artifact, options);
  const { dim, denseDim, columns } = dataset.catalogue;
  const domain = createModel(model, { userDim, dim, denseDim });
  const ranks = rankingOf(model, domain, columns);
  const ranker = ranks === null ? null : new CandidateRanker(dataset.catalogue, ranks);
  return { dataset, model, domain, ranker, query, ranking: ranking! };
}

type Opened = Awaited<ReturnType<typeof opened>>;

interface Batch {
  /** Of each request the user's row, or features that came along. */
  readonly users: readonly (number | readonly number[])[];
  /** Of each request and head the rows of its list. */
  readonly lists: readonly (readonly number[])[];
  readonly places: number;
  readonly k: number;
}

/** What the device makes of a batch: queries, and of each request rows and values. */
async function onDevice(world: Opened, batch: Batch) {
  const { model, dataset, query, ranking } = world;
  const { heads } = model;
  const { dim } = dataset.catalogue;
  const { requests, places } = CAPACITY;
  const buffers: LaneBuffers = {
    queries: device!.buffer("queries", 4 * requests * heads * dim),
    listRows: device!.buffer("rows", 4 * requests * heads * (places + 1)),
    listScores: device!.buffer("scores", 4 * requests * heads * places),
  };
  const queryLane = query.lane(buffers, CAPACITY);
  const rankingLane = ranking.lane(buffers, CAPACITY, queryLane.features);
  const extent = { requests: batch.users.length, places: batch.places, k: batch.k };
  const given = batch.users.flatMap((user) => (typeof user === "number" ? [] : user));
  let next = 0;
  const users = batch.users.flatMap((user) => {
    if (typeof user === "number") return [USER_KINDS.row, user];
    next += user.length;
    return [USER_KINDS.features, next - user.length];
  });
  queryLane.upload({ users: Uint32Array.from(users), given: Float32Array.from(given) }, extent);
  const domain = batch.users.map((user) => queriesOf(world, user));
  const scores = batch.lists.map((rows, list) =>
    rows.map((row) =>
      product(dataset, domain[Math.floor(list / heads)]!, { row, head: list % heads }),
    ),
  );
  const padded = (all: readonly (readonly number[])[], filling: number): number[] =>
    all.flatMap((list) => Array.from({ length: batch.places }, (_, at) => list[at] ?? filling));
  device!.queue.writeBuffer(buffers.listRows, 0, Uint32Array.from(padded(batch.lists, NO_ROW)));
  device!.queue.writeBuffer(buffers.listScores, 0, Float32Array.from(padded(scores, -Infinity)));
  rankingLane.upload(extent);
  device!.submit("test", (encoder) => {
    const recorder = new PlainRecorder(encoder);
    queryLane.record(recorder, extent);
    rankingLane.record(recorder, extent);
    recorder.end();
  });
  const width = extent.requests * batch.k;
  const found = {
    queries: new Float32Array(await device!.read(buffers.queries)),
    rows: new Uint32Array(await device!.read(rankingLane.answerRows, 4 * width)),
    values: new Float32Array(await device!.read(rankingLane.answerValues, 4 * width)),
  };
  queryLane.dispose();
  rankingLane.dispose();
  for (const buffer of Object.values(buffers) as GPUBuffer[]) device!.release(buffer);
  return found;
}

function featuresOf(
  { dataset }: Pick<Opened, "dataset">,
  user: Batch["users"][number],
): Float32Array {
  const { dim, features } = dataset.users;
  return typeof user === "number"
    ? features.slice(user * dim, (user + 1) * dim)
    : Float32Array.from(user);
}

const queriesOf = (world: Opened, user: Batch["users"][number]): Float64Array =>
  world.domain.queryVectors(featuresOf(world, user));

function product(
  { catalogue }: Opened["dataset"],
  queries: Float64Array,
  { row, head }: { readonly row: number; readonly head: number },
): number {
  const { dim, embeddings } = catalogue;
  let sum = 0;
  for (let at = 0; at < dim; at++) sum += queries[head * dim + at]! * embeddings[row * dim + at]!;
  return sum;
}

/** The value of each candidate of a request, as the domain has it. */
function valuesOf(world: Opened, batch: Batch, request: number): Map<number, number> {
  const { heads } = world.model;
  const user = batch.users[request]!;
  const queries = queriesOf(world, user);
  const side = world.ranker?.userSide(Float64Array.from(featuresOf(world, user)));
  const scores = new Map<number, number>();
  for (let head = 0; head < heads; head++) {
    for (const row of batch.lists[request * heads + head]!) {
      const score = product(world.dataset, queries, { row, head });
      scores.set(row, Math.max(score, scores.get(row) ?? -Infinity));
    }
  }
  return new Map(
    [...scores].map(([row, score]) => {
      const products = Float64Array.from({ length: heads }, (_, head) =>
        product(world.dataset, queries, { row, head }),
      );
      return [row, world.ranker?.value(side!, { row, products, score }) ?? score];
    }),
  );
}

function anyBatch({ heads }: ModelSpec, userDim: number): fc.Arbitrary<Batch> {
  const { requests, places } = CAPACITY;
  const features = fc.array(fc.double({ min: -2, max: 2, noNaN: true }).map(Math.fround), {
    minLength: userDim,
    maxLength: userDim,
  });
  return fc
    .record({
      count: fc.integer({ min: 1, max: requests }),
      places: fc.integer({ min: 1, max: places }),
    })
    .chain(({ count, places: most }) =>
      fc.record({
        users: fc.array(fc.oneof(fc.nat(19), features), { minLength: count, maxLength: count }),
        // Out of few rows, so that heads hold the same.
        lists: fc.array(
          fc.uniqueArray(
            fc.nat(59).map((nth) => (nth * 5 + (nth % 5)) % ITEMS),
            { maxLength: most },
          ),
          { minLength: count * heads, maxLength: count * heads },
        ),
        places: fc.constant(most),
        k: fc.integer({ min: 1, max: places }),
      }),
    );
}

const molModel: ModelSpec = {
  ...threeHeads,
  overarch: "mol",
  tasks: ["click", "watch"],
  mol,
  value: formula,
};
const mlpModel: ModelSpec = { ...molModel, overarch: "mlp", mlp: { hidden: [10, 6] } };

describe.skipIf(device === null)("values and order are the domain's, for any lists", () => {
  const cases: [string, ModelSpec, ArtifactSettings, RankingOptions & { tolerance?: number }][] = [
    ["the score, three heads", threeHeads, exact, {}],
    [
      "a formula of columns, records in chunks",
      { ...threeHeads, value: "score * if(lang:v1, 2, 1) + default(age, 3)" },
      exact,
      { rowsOfChunk: 77 },
    ],
    ["a formula without columns, no tower", { ...oneHead, value: "2 * score + 1" }, exact, {}],
    [
      "a mixture, records in more chunks than are bound at once",
      molModel,
      clustered,
      { rowsOfChunk: 40 },
    ],
    ["a mixture in half precision", molModel, exact, { precision: "float16", tolerance: 2e-2 }],
    [
      "a mixture of too many pairs for registers",
      { ...molModel, mol: { ...mol, userGroups: 10, itemGroups: 7 } },
      exact,
      { precision: "float16", tolerance: 2e-2 },
    ],
    ["an MLP, three heads, clusters", mlpModel, clustered, {}],
    [
      "an MLP of one head, three layers, in half precision",
      { ...mlpModel, heads: 1, mlp: { hidden: [10, 6, 5] } },
      exact,
      { precision: "float16", tolerance: 2e-2 },
    ],
  ];
  test.for(cases)("%s", async ([, model, settings, { tolerance = 1e-4, ...options }]) => {
    const userDim = model.tower.kind === "identity" ? 8 : USER_DIM;
    const world = await opened(model, settings, { ...options, userDim });
    await fc.assert(
      fc.asyncProperty(anyBatch(model, userDim), async (batch) => {
        const found = await onDevice(world, batch);
        for (const [request, user] of batch.users.entries()) {
          const queries = queriesOf(world, user);
          const near = [...queries].map((value) => expect.closeTo(value, 4) as number);
          const width = queries.length;
          expect([...found.queries.subarray(request * width, (request + 1) * width)]).toEqual(near);
          expectBest(valuesOf(world, batch, request), {
            rows: [...found.rows.subarray(request * batch.k, (request + 1) * batch.k)],
            values: [...found.values.subarray(request * batch.k, (request + 1) * batch.k)],
            tolerance,
          });
        }
      }),
      bounded(8),
    );
  });
});

test.skipIf(device === null)("of fresh items the best are chosen, however many come", async () => {
  const shape = { heads: 2, dim: 3 };
  const searched = { ...shape, clusters: 1, width: 64 } as SearchShape;
  const tuning = {};
  const selections = new Selections(device!, searched, {
    isClustered: false,
    isRefined: false,
    tuning,
  });
  const stage = await FreshStage.open(device!, shape, selections);
  const queries = device!.bufferOf("queries", Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 2, -1, 0, 0));
  const k = 3;
  // The second request's answer is whole: only what is above its last value comes among it.
  const values = device!.bufferOf("values", Float32Array.of(9, 8, -Infinity, 9, 1, 0));
  const batch = device!.buffer("batch", 4096);
  const lane = await stage.lane({ batch, queries, values }, { requests: 2, places: 5 });
  type Chosen = [slot: number, score: number][];
  const chosenOf = async (
    items: readonly (readonly number[])[],
    table: number | null = null,
  ): Promise<Chosen[]> => {
    const count = items.length;
    const words = new Uint32Array(Math.ceil(count / 32)).fill(0xffff_ffff);
    const rest = {
      user: { kind: "row", row: 0 },
      plan: null,
      exclude: new Uint32Array(0),
    } as const;
    const query = { ...rest, k, freshOpen: { count, words } };
    const packed = packFreshOpen([query, query], count, k);
    const told = new Uint32Array(HEADER_WORDS + packed.length);
    told[HEADER.requests] = 2;
    told[HEADER.places] = k;
    told[HEADER.freshOf] = HEADER_WORDS;
    packed.write(told, HEADER_WORDS);
    device!.queue.writeBuffer(batch, 0, told);
    lane.upload({ count, items: Float32Array.from(items.flat()), table });
    device!.submit("fresh", (encoder) => {
      const recorder = new PlainRecorder(encoder);
      lane.record(recorder, 2);
      recorder.end();
    });
    if (lane.chosen === null) return [];
    const slots = new Uint32Array(await device!.read(lane.chosen.slots, 4 * 2 * (k + 1)));
    const scores = new Float32Array(await device!.read(lane.chosen.scores, 4 * 2 * k));
    return [0, 1].map((request) =>
      Array.from({ length: slots[2 * k + request]! }, (_, place) => [
        slots[request * k + place]!,
        scores[request * k + place]!,
      ]),
    );
  };
  expect(await chosenOf([])).toEqual([]);
  expect(await chosenOf([[3, 5, -1]])).toEqual([[[0, 5]], []]);
  const many = Array.from({ length: 300 }, (_, at) => [at, -at, 1]);
  expect(await chosenOf(many)).toEqual([
    [
      [299, 299],
      [298, 298],
      [297, 297],
    ],
    [
      [0, 2],
      [1, 2],
      [2, 2],
    ],
  ]);
  expect(await chosenOf([[0, 0, 4]])).toEqual([[[0, 0]], [[0, 8]]]);
  // Of a table only what is new is sent: what it held before is not looked at again.
  expect(await chosenOf([[3, 0, 0]], 1)).toEqual([[[0, 3]], []]);
  const added = [
    [9, 9, 9],
    [4, 0, 0],
  ];
  expect((await chosenOf(added, 1))[0]).toEqual([
    [1, 4],
    [0, 3],
  ]);
  expect((await chosenOf([[5, 0, 0]], 2))[0]).toEqual([[0, 5]]);
  expect((await chosenOf([[6, 0, 0]]))[0]).toEqual([[0, 6]]);
  lane.dispose();
});

interface Found {
  readonly rows: readonly number[];
  readonly values: readonly number[];
  readonly tolerance: number;
}

/** The best of those values, in order, up to rounding. */
function expectBest(wanted: Map<number, number>, { rows, values, tolerance }: Found): void {
  const count = Math.min(rows.length, wanted.size);
  expect(new Set(rows.slice(0, count)).size).toBe(count);
  expect(rows.slice(count)).toEqual(rows.slice(count).map(() => NO_ROW));
  expect(values.slice(count)).toEqual(values.slice(count).map(() => -Infinity));
  const best = [...wanted.values()].toSorted((a, b) => b - a);
  for (let at = 0; at < count; at++) {
    const slack = tolerance * Math.max(1, Math.abs(best[at]!));
    expect(Math.abs(values[at]! - wanted.get(rows[at]!)!), `of row ${rows[at]}`).toBeLessThan(
      slack,
    );
    expect(Math.abs(values[at]! - best[at]!), `at ${at}`).toBeLessThan(slack);
    expect(values[at]).toBeLessThanOrEqual(values[at - 1] ?? Infinity);
  }
}
