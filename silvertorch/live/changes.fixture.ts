import * as fc from "fast-check";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { checkedItem, type ItemShape } from "../../src/door/check-item.ts";
import { AnswerScorer, type AnswerScore } from "../../src/measure/recall.ts";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { computeTruth } from "../../src/retrieval/oracle.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import type { ArtifactSettings } from "../compile/manifest.ts";
import { ITEMS, threeHeads } from "../dataset.fixture.ts";
import type { Engine } from "../engine/engine.ts";
import type { RequestReader } from "../engine/request-reader.ts";
import { FreshIndex } from "./fresh-index.ts";
import { ItemRecorder } from "./item-recorder.ts";
import { LiveItems } from "./live-items.ts";
import type { RankedIds } from "./merge.ts";

/** The shape of the small dataset's items (dataset.fixture.ts). */
export const SMALL_ITEMS: ItemShape = {
  dim: 8,
  denseDim: 3,
  columns: [
    { name: "lang", kind: "categorical" },
    { name: "topic", kind: "categorical" },
    { name: "creator", kind: "categorical" },
    { name: "age", kind: "numeric" },
  ],
};

/** Of items' attributes; no compiled one has lang v6. */
export const formula = "if(lang:v6, 0.5, 0) + if(topic IN (v1, v2) OR NOT age > 0, 0.3, 0)";

/** Models of users with 5 features that rank by more than the score. */
export const mixture: ModelSpec = {
  ...threeHeads,
  candidates: 40,
  overarch: "mol",
  mol: { userGroups: 3, itemGroups: 2, dim: 5, gateHidden: 6, temperature: 0.2 },
  tasks: ["click", "watch"],
  value: `click - 0.5 * watch + default(age, 1) / 10 + ${formula}`,
};
export const perceptron: ModelSpec = {
  ...threeHeads,
  candidates: 40,
  overarch: "mlp",
  mlp: { hidden: [6, 5] },
  value: "sigmoid(task) + 0.01 * score",
};

export const exact: ArtifactSettings = {
  precision: "float32",
  scale: "perItem",
  clusters: null,
  eligibility: { kind: "exact" },
};

// Some are ids of compiled items, which are 5000, 4997, ...
const anyId = fc.integer({ min: 4900, max: 5010 });
const floats = (length: number): fc.Arbitrary<Float32Array> =>
  fc.float32Array({ minLength: length, maxLength: length, min: -3, max: 3, noNaN: true });

/** Some have values that no compiled item has. */
const anyItem: fc.Arbitrary<LiveItem> = fc
  .record({
    id: anyId,
    embedding: floats(SMALL_ITEMS.dim),
    dense: floats(SMALL_ITEMS.denseDim),
    lang: fc.option(fc.nat(6)),
    topics: fc.array(fc.nat(12), { maxLength: 3 }),
    age: fc.option(fc.integer({ min: -4, max: 4 })),
  })
  .map(({ id, embedding, dense, lang, topics, age }) => {
    const attributes = new Map<string, readonly string[] | number>();
    if (lang !== null) attributes.set("lang", [`v${lang}`]);
    if (topics.length > 0)
      attributes.set(
        "topic",
        topics.map((code) => `v${code}`),
      );
    if (age !== null) attributes.set("age", age);
    return checkedItem({ id, embedding, dense, attributes }, SMALL_ITEMS, "item");
  });

/** An item that is upserted, or the id of one that is deleted. */
type Change = LiveItem | number;

/** Any changes to the small dataset. */
export const anyChanges: fc.Arbitrary<Change[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: anyItem }, anyId),
  { maxLength: 60 },
);

export function change(items: LiveItems, changes: readonly Change[]): void {
  for (const each of changes) {
    if (typeof each === "number") items.delete(each);
    else items.upsert(each);
  }
}

/** For tests: an answer held against the oracle of a catalogue. */
export async function scoreOf(
  { catalogue, users }: Pick<Dataset, "catalogue" | "users">,
  model: ModelSpec,
  { k, ...asked }: RetrievalRequest,
  { ids }: Pick<RankedIds, "ids">,
): Promise<AnswerScore> {
  const request = { ...asked, k: Math.min(k, catalogue.count) };
  const quiet = { onProgress: () => {}, signal: new AbortController().signal };
  const given = { catalogue, users, model, requests: [request] };
  const truth = await computeTruth({ ...given, threads: 1, ...quiet });
  return new AnswerScorer({ ...given, truth }).score(0, ids);
}

export const FLAWLESS: AnswerScore = {
  recall: 1,
  violations: 0,
  short: 0,
  duplicates: 0,
  unknown: 0,
};

/** A model over the small dataset that ranks by more than the score. */
export interface RankingWorld {
  readonly engine: Engine;
  readonly reader: RequestReader;
  readonly recorder: ItemRecorder;
}

export const recorderOf = (model: ModelSpec, userDim: number): ItemRecorder =>
  new ItemRecorder({ model, userDim, ...SMALL_ITEMS });

/** An index of fresh items of which there are none yet. */
export function freshIndex({ reader, recorder }: Omit<RankingWorld, "engine">): {
  readonly live: LiveItems;
  readonly index: FreshIndex;
} {
  const rowOf = (id: number): number => reader.rowOf(id);
  const idsOf = (rows: Uint32Array): Float64Array => reader.idsOf(rows);
  const live = new LiveItems(SMALL_ITEMS.dim, (id) => reader.holds(id));
  return { live, index: new FreshIndex(live, { count: ITEMS, rowOf, idsOf }, recorder) };
}

/** What a batch is answered under the changes so far. */
export async function ask(
  { engine, reader }: Omit<RankingWorld, "recorder">,
  index: FreshIndex,
  requests: readonly RetrievalRequest[],
): Promise<RankedIds[]> {
  const view = index.view();
  const queries = requests.map((request) => view.apply(reader.read(request), request));
  const answers = await engine.answer(queries, view.items);
  return answers.map(({ rows, values }) => ({ ids: view.idsOf(rows), values }));
}
