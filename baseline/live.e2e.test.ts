import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { foldedCatalogue } from "../src/dataset/folded-catalogue.ts";
import type { AdminClient } from "../src/door/admin-service.ts";
import { Random } from "../src/math/random.ts";
import { AnswerScorer } from "../src/measure/recall.ts";
import type { Column } from "../src/retrieval/catalogue.ts";
import type { LiveItem } from "../src/retrieval/live-item.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import { computeTruth } from "../src/retrieval/oracle.ts";
import type { Answer, RetrievalRequest } from "../src/retrieval/request.ts";
import { quiet, type ReachedMesh, Workbench } from "./workbench.ts";

const DIM = 16;
const FIRST_NEW_ID = 1_000_000;
const bench = await Workbench.openTemporary({
  dataset: { kind: "synthetic", items: 3000, dim: DIM, users: 50 },
  requests: {
    distinct: 60,
    k: 20,
    exclude: 5,
    filters: [
      { weight: 1, template: "" },
      { weight: 1, template: "lang:{lang} OR age_days <= 30" },
      { weight: 1, template: "NOT (topic:{topic} OR price >= 20)" },
      { weight: 1, template: "creator:{creator}" },
    ],
  },
});
afterAll(() => bench[Symbol.asyncDispose]());

const { dataset, requests, model: scored } = bench;
/** What the ranker fetches of an item decides. */
const ranked: ModelSpec = {
  ...scored,
  heads: 2,
  tower: { kind: "mlp", hidden: [24] },
  candidates: 60,
  overarch: "mol",
  tasks: ["click"],
  mol: { userGroups: 4, itemGroups: 2, dim: 8, gateHidden: 16, temperature: 0.5 },
  // No built item has the topic unheard.
  value: "click * if(topic:sport OR topic:unheard, 2, 1) + default(price, 0) / 100",
};

const inTime = { timeoutMs: 30_000 };

const start = (settings: object, model = scored): Promise<ReachedMesh> =>
  bench.startReached(settings, { model });

/** The attributes of a row, as its owner would give them to an item; new ones get a topic more. */
function attributesOf(row: number, id: number): LiveItem["attributes"] {
  const valuesOf = (column: Column): readonly string[] | number =>
    column.kind === "numeric"
      ? column.values[row]!
      : [...column.values.subarray(column.offsets[row], column.offsets[row + 1])].map(
          (code) => column.vocabulary[code]!,
        );
  const attributes = new Map(
    dataset.catalogue.columns.map((column) => [column.name, valuesOf(column)]),
  );
  const topics = attributes.get("topic");
  if (id >= FIRST_NEW_ID && Array.isArray(topics)) attributes.set("topic", [...topics, "unheard"]);
  return attributes;
}

/** An item with one row's place and another's attributes. */
const mixed = (id: number, near: number, like: number): LiveItem => ({
  id,
  embedding: dataset.catalogue.embeddings
    .slice(near * DIM, (near + 1) * DIM)
    .map((value) => value * 1.01),
  dense: dataset.catalogue.dense.slice(0, dataset.catalogue.denseDim),
  attributes: attributesOf(like, id),
});

/** 300 items replaced, 200 new ones, 300 deleted, of which 20 come back. */
async function changeMuch(admin: AdminClient): Promise<ReturnType<typeof foldedCatalogue>> {
  const random = new Random(7);
  const { ids, count } = dataset.catalogue;
  const anyRow = (): number => random.int(count);
  const newest = new Map<number, LiveItem>();
  const deleted = new Set<number>();
  const upsert = async (itemIds: readonly number[]): Promise<void> => {
    const items = itemIds.map((id) => mixed(id, anyRow(), anyRow()));
    await admin.upsert(items);
    for (const item of items) {
      newest.set(item.id, item);
      deleted.delete(item.id);
    }
  };
  for (let batch = 0; batch < 10; batch++) {
    await upsert(Array.from({ length: 30 }, () => ids[anyRow()]!));
    await upsert(Array.from({ length: 20 }, (_, n) => FIRST_NEW_ID + batch * 20 + n));
    const gone = Array.from({ length: 30 }, () => ids[anyRow()]!);
    await admin.delete(Float64Array.from(gone));
    for (const id of gone) {
      deleted.add(id);
      newest.delete(id);
    }
    await upsert(gone.slice(0, 2));
  }
  await admin.delete(Float64Array.of(FIRST_NEW_ID, 77_777_777));
  newest.delete(FIRST_NEW_ID);
  const changes = { items: [...newest.values()], deleted: Float64Array.from(deleted) };
  return foldedCatalogue(dataset.catalogue, changes);
}

const cases = [
  { model: "score alone", settings: { index: { expansionSearch: 3000 } } },
  {
    model: "score alone",
    settings: { index: { kind: "flat", shards: 2 }, transport: "in-process", placement: "thread" },
  },
  {
    model: "score alone",
    settings: { index: { kind: "ivf-flat", clusters: 20, probes: 20 }, transport: "in-process" },
  },
  { model: "ranked", settings: { index: { kind: "flat" }, replicas: { filter: 2, feature: 2 } } },
] as const;

test.each(cases)(
  "after many changes it answers as the oracle of the changed catalogue: $model, $settings",
  async ({ model: name, settings }) => {
    const model = name === "ranked" ? ranked : scored;
    await using live = await start(settings, model);
    // Before, so that what services keep of the items is not of the new ones.
    await Promise.all(requests.map((request) => live.door.retrieve(request, inTime)));
    const catalogue = await changeMuch(live.admin);
    const { users } = dataset;
    const truth = await computeTruth({ catalogue, users, model, requests, threads: 2, ...quiet });
    const scorer = new AnswerScorer({ catalogue, users, model, requests, truth });
    const total = { recall: 0, violations: 0, short: 0, duplicates: 0 };
    const answers = await Promise.all(
      requests.map((request) => live.door.retrieve(request, inTime)),
    );
    for (const [at, { ids }] of answers.entries()) {
      const score = scorer.score(at, ids);
      total.recall += score.recall / requests.length;
      total.violations += score.violations;
      total.short += score.short;
      total.duplicates += score.duplicates;
    }
    expect(total).toMatchObject({ violations: 0, short: 0, duplicates: 0 });
    expect(total.recall).toBeGreaterThanOrEqual(0.999);
    const { counters } = await live.door.stats();
    const newest = counters.get("version.newest");
    expect(newest).toBe(41);
    for (const service of ["feature", "filter", "index"]) {
      expect(counters.get(`version.${service}`)).toBe(newest);
    }
    expect(counters.get("gateway.mixed_versions")).toBe(0);
  },
);

const vector = Float32Array.from({ length: DIM }, (_, at) => (at % 2 === 0 ? 9 : -9));
const asked: RetrievalRequest = {
  user: { kind: "vectors", vectors: vector },
  k: 5,
  filter: "",
  exclude: new Float64Array(0),
};
const best = (id: number, attributes: LiveItem["attributes"] = new Map()): LiveItem => ({
  id,
  embedding: vector,
  dense: dataset.catalogue.dense.slice(0, dataset.catalogue.denseDim),
  attributes,
});

test("a request under changes gets one version: never two items that were never there together", async () => {
  await using live = await start({ index: { kind: "flat", shards: 2 }, filterCache: 100 });
  const callers = new AbortController();
  const seen: Answer[] = [];
  const filter = "lang:en OR u >= 0";
  const call = async (): Promise<void> => {
    while (!callers.signal.aborted) {
      seen.push(await live.door.retrieve({ ...asked, filter }, inTime));
    }
  };
  const calling = Array.from({ length: 4 }, call);
  // At any time there is one of them, or the moment between: none.
  const marks = Array.from({ length: 25 }, (_, n) => 900_000 + n);
  for (const [n, id] of marks.entries()) {
    await live.admin.upsert([best(id, new Map([["lang", ["en"]]]))]);
    const now = await live.door.retrieve({ ...asked, filter }, inTime);
    expect(now.ids[0]).toBe(id);
    await live.admin.delete(Float64Array.of(marks[n]!));
  }
  callers.abort();
  await Promise.all(calling);
  const together = seen.filter(({ ids }) => [...ids].filter((id) => marks.includes(id)).length > 1);
  expect(together).toEqual([]);
  expect((await live.door.stats()).counters.get("gateway.mixed_versions")).toBe(0);
});

test("a service that is held back answers from what was, and Stats say so", async () => {
  await using live = await start({ transport: "in-process", heldBack: { index: 60 } });
  await live.admin.upsert([best(900_001)]);
  expect([...(await live.door.retrieve(asked, inTime)).ids]).not.toContain(900_001);
  const { counters } = await live.door.stats();
  expect(counters.get("version.newest")).toBe(1);
  expect(counters.get("version.filter")).toBe(1);
  expect(counters.get("version.index")).toBe(0);
});

describe("a mesh that takes few changes", () => {
  let live: ReachedMesh;
  beforeAll(async () => {
    live = await start({ transport: "in-process", mostChanged: 3 });
  });
  afterAll(() => live[Symbol.asyncDispose]());

  test("an item that does not fit is refused, and none of its call is taken; a mesh swaps nothing", async () => {
    const wrong = { ...best(900_002), embedding: new Float32Array(3) };
    await expect(live.admin.upsert([best(900_001), wrong])).rejects.toMatchObject({
      code: "BAD_INPUT",
      where: "items[1].embedding",
    });
    expect([...(await live.door.retrieve(asked, inTime)).ids]).not.toContain(900_001);
    await expect(live.admin.swap("anywhere")).rejects.toMatchObject({ code: "BAD_INPUT" });
  });

  test("no more items may differ from the build than is set; what is refused is taken in no part", async () => {
    const [built] = dataset.catalogue.ids as unknown as [number];
    await live.admin.upsert([best(900_001), best(900_002)]);
    await live.admin.upsert([best(900_001)]);
    await live.admin.delete(Float64Array.of(900_002, 123_456_789));
    const refused = live.admin.upsert([best(900_003), best(900_004)]);
    await expect(refused).rejects.toMatchObject({
      code: "OVERLOADED",
      where: "mostChanged",
      message: expect.stringContaining("4 items would differ"),
    });
    expect([...(await live.door.retrieve(asked, inTime)).ids]).not.toContain(900_003);
    await live.admin.delete(Float64Array.of(built));
    const one = Float64Array.of(dataset.catalogue.ids[1]!);
    await expect(live.admin.delete(one)).rejects.toMatchObject({ code: "OVERLOADED" });
  });
});
