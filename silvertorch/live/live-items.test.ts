import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import {
  anyRequest,
  bounded,
  compiled,
  oneHead,
  smallDataset,
  threeHeads,
} from "../dataset.fixture.ts";
import { checkedItem, type ItemShape } from "../../src/door/check-item.ts";
import { foldedCatalogue } from "../../src/dataset/folded-catalogue.ts";
import type { FreshItems } from "../engine/fresh-items.ts";
import type { EngineAnswer } from "../engine/query.ts";
import { widened } from "../engine/widened.ts";
import { anyChanges, change, FLAWLESS, scoreOf, SMALL_ITEMS } from "./changes.fixture.ts";
import { HiddenBits } from "./hidden-bits.ts";
import { HiddenList } from "./hidden-list.ts";
import { LiveItems } from "./live-items.ts";
import { BatchMerge } from "./merge.ts";
import { OpenSlots } from "./open-slots.ts";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-live-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const DIM = 8;
const item = (id: number, attributes: LiveItem["attributes"] = new Map()): LiveItem => ({
  id,
  embedding: new Float32Array(DIM).fill(id),
  dense: new Float32Array(0),
  attributes,
});
const live = (...compiledIds: number[]): LiveItems =>
  new LiveItems(DIM, (id) => compiledIds.includes(id));

test("a new version takes the place of the fresh item, and hides the compiled one", () => {
  const items = live(1, 2);
  items.upsert(item(1));
  items.upsert(item(7));
  items.upsert(item(7));
  expect(items.count).toBe(3);
  expect([0, 1, 2].map((slot) => items.at(slot)?.id ?? null)).toEqual([1, null, 7]);
  expect([...items.hiddenIds()]).toEqual([1]);
  expect(items.embeddings().dims).toEqual([3, DIM]);
});

test("what is deleted is gone at once, fresh or compiled, and may come again", () => {
  const items = live(1);
  items.upsert(item(7));
  items.delete(7);
  items.delete(1);
  expect(items.at(0)).toBeNull();
  expect(items.hidden).toBe(1);
  expect(new Set(items.changes().deleted)).toEqual(new Set([1, 7]));
  items.upsert(item(1));
  expect(items.changes()).toMatchObject({ items: [{ id: 1 }], deleted: Float64Array.of(7) });
});

test("an artifact that holds the changes up to a version is left with the later ones", () => {
  const items = live(1, 2);
  items.upsert(item(7));
  items.delete(2);
  const { version } = items.changes();
  items.upsert(item(8));
  items.delete(1);
  items.upsert(item(7));
  const rest = items.since(version, DIM, (id) => [1, 7].includes(id));
  expect([0, 1].map((slot) => rest.at(slot)!.id)).toEqual([8, 7]);
  expect(new Set(rest.hiddenIds())).toEqual(new Set([1, 7]));
  expect(rest.changes().version).toBe(items.changes().version);
});

test("so many more are asked for that the hidden among them are rarely missed", () => {
  expect(widened(100, 0, 1000)).toBe(100);
  expect(widened(100, 10, 1000)).toBe(108);
  expect(widened(100, 900, 1000)).toBe(292);
  expect(widened(100, 24, 1000)).toBe(112);
  expect(widened(100, 900, 110)).toBe(110);
});

test("an answer is merged as items were when its batch began, whatever is hidden while it runs", () => {
  const items = live(10, 11, 12, 13);
  items.delete(11);
  items.upsert(item(20));
  items.upsert(item(21));
  const hidden = new HiddenBits(items, { count: 4, rowOf: (id) => id - 10 });
  const answer = {
    rows: Uint32Array.of(1, 2, 0, 3),
    values: Float32Array.of(9, 8, 7, 5),
    freshScores: Float32Array.of(8, 6, -Infinity),
    freshSlots: Int32Array.of(1, 0, 31),
  };
  const open = { count: 2, words: Uint32Array.of(3) };
  const atBegin = { live: items, hidden: hidden.now(), idOf: (row: number) => 10 + row };
  items.upsert(item(12));
  items.delete(21);
  const merge = new BatchMerge(atBegin, 4 + 9 + 3);
  const first = merge.merged(answer, { k: 4, asked: 5, open });
  const second = merge.merged(answer, { k: 9, asked: 9, open });
  // As an engine tells it that says each slot's score.
  const each = { ...answer, freshScores: Float32Array.of(6, 8), freshSlots: null };
  expect([...merge.merged(each, { k: 3, asked: 5, open })!.ids]).toEqual([12, 21, 10]);
  expect([...second!.ids]).toEqual([12, 21, 10, 20, 13]);
  expect(first).toEqual({
    ids: Float64Array.of(12, 21, 10, 20),
    values: Float32Array.of(8, 8, 7, 6),
  });
  const now = new BatchMerge({ ...atBegin, hidden: hidden.now() }, 2);
  expect([...now.merged(answer, { k: 2, asked: 5, open })!.ids]).toEqual([21, 10]);
});

test("where so many are hidden that others may be better than what is left, there is no answer", () => {
  const items = live(10, 11, 12);
  for (const id of [10, 12]) items.delete(id);
  items.upsert(item(20));
  const hidden = new HiddenBits(items, { count: 3, rowOf: (id) => id - 10 }).now();
  const view = { live: items, hidden, idOf: (row: number) => 10 + row };
  const answer = {
    rows: Uint32Array.of(1, 2, 0),
    values: Float32Array.of(9, 8, 7),
    freshScores: Float32Array.of(8),
    freshSlots: Int32Array.of(0),
  };
  const open = { count: 1, words: Uint32Array.of(1) };
  const idsFor = (k: number, asked: number): number[] | null => {
    const merged = new BatchMerge(view, k).merged(answer, { k, asked, open });
    return merged === null ? null : [...merged.ids];
  };
  expect(idsFor(1, 3)).toEqual([11]);
  expect(idsFor(2, 3)).toBeNull();
  // All that there are came: fewer than were asked for.
  expect(idsFor(2, 4)).toEqual([11, 20]);
});

test("what a filter leaves is looked at again once something changed, and not before", () => {
  const items = live();
  const slots = new OpenSlots(items);
  const asked = { filter: "lang:en", exclude: new Float64Array(0) };
  items.upsert(item(1, new Map([["lang", ["en"]]])));
  const first = slots.now()(asked);
  expect(slots.now()(asked)).toBe(first);
  expect(slots.now()({ ...asked, exclude: Float64Array.of(1) }).words[0]).toBe(0);
  items.upsert(item(2, new Map([["lang", ["en"]]])));
  expect(slots.now()(asked)).toEqual({ count: 2, words: Uint32Array.of(3) });
  items.delete(1);
  expect(slots.now()(asked).words[0]).toBe(2);
  expect(first).toEqual({ count: 1, words: Uint32Array.of(1) });
});

const shape: ItemShape = { ...SMALL_ITEMS, denseDim: 0 };

const check = (parts: Partial<LiveItem>): LiveItem =>
  checkedItem({ ...item(1), ...parts }, shape, "items[3]");

test("an item that does not fit is refused with its field", () => {
  expect(() => check({ id: -1 })).toThrow("items[3].id");
  expect(() => check({ embedding: new Float32Array(3) })).toThrow("expected 8 numbers; got 3");
  expect(() => check({ embedding: new Float32Array(DIM).fill(NaN) })).toThrow("finite");
  expect(() => check({ attributes: new Map([["colour", ["red"]]]) })).toThrow(
    "expected one of lang, topic, creator, age; got colour",
  );
  expect(() => check({ attributes: new Map([["age", ["old"]]]) })).toThrow("a numeric value");
  expect(check({ attributes: new Map([["lang", ["a", "a"]]]) }).attributes.get("lang")).toEqual([
    "a",
  ]);
});

test.for([
  ["one head", oneHead, DIM],
  ["three heads", threeHeads, 5],
] as const)(
  "with any changes, any request gets the answer of the changed catalogue: %s",
  async ([name, model, userDim]) => {
    const dataset = smallDataset(userDim);
    const { engine, reader } = await compiled(join(scratch, name), dataset, {
      model,
      settings: {
        precision: "float32",
        scale: "perItem",
        clusters: null,
        eligibility: { kind: "exact" },
      },
    });
    await fc.assert(
      fc.asyncProperty(anyChanges, anyRequest(userDim, model), async (changes, request) => {
        const items = new LiveItems(DIM, (id) => reader.holds(id));
        change(items, changes);
        engine.scoreFresh((count) => items.embeddings(count));
        const freshOpen = new OpenSlots(items).now()(request);
        const rowOf = (id: number): number => reader.rowOf(id);
        const compiledItems = { count: dataset.catalogue.count, rowOf };
        const asOf = {
          live: items,
          hidden: new HiddenBits(items, compiledItems).now(),
          idOf: (row: number) => reader.idOf(row),
        };
        const told = {
          count: items.count,
          hidden: new HiddenList(items, compiledItems).now(),
          tensors: () => ({ fresh_items: items.embeddings() }),
        };
        const catalogue = foldedCatalogue(dataset.catalogue, items.changes());
        const ask = async (
          asked: Partial<RetrievalRequest>,
          changed?: FreshItems,
        ): Promise<EngineAnswer> => {
          const query = { ...reader.read({ ...request, ...asked }), freshOpen };
          const [answer] = await engine.answer([query], changed);
          return answer!;
        };
        const { count } = compiledItems;
        const usual = { k: widened(request.k, items.hidden, count), told: undefined };
        // Where the engine sees to it, as many are asked for as are wanted.
        for (const way of [usual, { k: request.k, told }]) {
          let found = await ask({ k: way.k }, way.told);
          const { k } = request;
          const wanted = { k, asked: way.k, open: freshOpen };
          let answer = new BatchMerge(asOf, k).merged(found, wanted);
          if (answer === null) {
            // As changed-answer.ts does: fresh items were held against those that are hidden, too.
            const exclude = Float64Array.of(...request.exclude, ...items.hiddenIds());
            found = await ask({ exclude }, way.told);
            answer = new BatchMerge(asOf, k).merged(found, { ...wanted, asked: k })!;
          }
          const score = await scoreOf({ ...dataset, catalogue }, model, request, answer);
          expect(score).toEqual(FLAWLESS);
          expect([...answer.values]).toEqual([...answer.values].toSorted((a, b) => b - a));
        }
      }),
      bounded(25),
    );
    await engine[Symbol.asyncDispose]();
  },
);
