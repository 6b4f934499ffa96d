import { describe, expect, it } from "vitest";
import { catalogueOf, categorical, usersOf } from "../retrieval/catalogue-fixture.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import { computeTruth } from "../retrieval/oracle.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { AnswerScorer, type AnswerScore } from "./recall.ts";

const model: ModelSpec = {
  heads: 1,
  candidates: 10,
  tower: { kind: "identity" },
  overarch: "none",
  value: "score",
  seed: 1,
};

/**
 * Items of one dimension: the value is the number itself for the user 0, and the ids are
 * 1000 + 7 row. Rows 2 and 3 tie; row 4 is a rounding error below them; row 7 is not red.
 */
const values = [9, 8, 5, 5, 5 - 4e-5, 5 - 6e-5, 1, 20];
const catalogue = catalogueOf(
  values.map((value) => [value]),
  [
    categorical(
      "colour",
      ["red"],
      values.map((_, row) => (row === 7 ? [] : [0])),
    ),
  ],
);
const users = usersOf([[1]]);
const id = (...rows: number[]): Float64Array => Float64Array.from(rows, (row) => 1000 + 7 * row);

const request = (change: Partial<RetrievalRequest>): RetrievalRequest => ({
  user: { kind: "id", id: 0 },
  k: 3,
  filter: "colour:red",
  exclude: new Float64Array(0),
  ...change,
});

/** Scores an answer to one request; the oracle's own answer is 9, 8, 5 unless it is changed. */
async function scoreOf(
  ids: Float64Array,
  change: Partial<RetrievalRequest> = {},
  spec = model,
): Promise<AnswerScore> {
  const requests = [request({ k: 1 }), request(change)];
  const given = { catalogue, users, model: spec, requests };
  const signal = new AbortController().signal;
  const truth = await computeTruth({ ...given, threads: 1, onProgress: () => {}, signal });
  const scorer = new AnswerScorer({ ...given, truth });
  const score = scorer.score(1, ids);
  // A second time, from what was remembered.
  expect(scorer.score(1, ids)).toEqual(score);
  return score;
}

it("knows only every so-manieth request where the truth is of a sample", async () => {
  const requests = [request({ k: 1 }), request({}), request({ k: 2 }), request({})];
  const given = { catalogue, users, model };
  const quiet = { threads: 1, onProgress: () => {}, signal: new AbortController().signal };
  const sampled = [requests[0]!, requests[2]!];
  const truth = await computeTruth({ ...given, requests: sampled, ...quiet });
  const scorer = new AnswerScorer({ ...given, requests, truth, every: 2 });
  expect(requests.map((_, at) => scorer.knows(at))).toEqual([true, false, true, false]);
  expect(scorer.score(2, id(0, 1))).toEqual(clean);
  expect(scorer.score(2, id(0, 6))).toEqual({ ...clean, recall: 0.5 });
});

const clean = { recall: 1, violations: 0, short: 0, duplicates: 0, unknown: 0 };

describe("AnswerScorer", () => {
  it("gives the oracle's own answer full marks, in any order", async () => {
    expect(await scoreOf(id(0, 1, 2))).toEqual(clean);
    expect(await scoreOf(id(2, 0, 1))).toEqual(clean);
  });

  it("counts the other item of a tie as a hit", async () => {
    expect(await scoreOf(id(0, 1, 3))).toEqual(clean);
  });

  it("counts an item within 1e-5 of the last value as a hit, one beyond as a miss", async () => {
    expect(await scoreOf(id(0, 1, 4))).toEqual(clean);
    expect(await scoreOf(id(0, 1, 5))).toEqual({ ...clean, recall: 2 / 3 });
  });

  it("counts ineligible and excluded items as violations, never as hits", async () => {
    expect(await scoreOf(id(0, 1, 7))).toEqual({ ...clean, recall: 2 / 3, violations: 1 });
    const score = await scoreOf(id(0, 1, 2), { exclude: id(1) });
    expect(score).toEqual({ ...clean, recall: 2 / 3, violations: 1 });
  });

  it("counts an id that no item has as unknown and as a violation", async () => {
    expect(await scoreOf(Float64Array.of(...id(0, 1), 5))).toEqual({
      ...clean,
      recall: 2 / 3,
      violations: 1,
      unknown: 1,
    });
  });

  it("counts a repeated id once as a hit, and the answer as short of the other", async () => {
    expect(await scoreOf(id(0, 0, 1))).toEqual({
      ...clean,
      recall: 2 / 3,
      short: 1,
      duplicates: 1,
    });
  });

  it("counts a short answer apart from its recall", async () => {
    expect(await scoreOf(id(0, 1))).toEqual({ ...clean, recall: 2 / 3, short: 1 });
    expect(await scoreOf(id())).toEqual({ ...clean, recall: 0, short: 3 });
  });

  it("wants no more than there is", async () => {
    const score = await scoreOf(id(0, 1, 2, 3, 4, 5, 6), { k: 8 });
    expect(score).toEqual(clean);
  });

  it("takes ids beyond the k asked for as violations, and recall never above 1", async () => {
    expect(await scoreOf(id(0, 1, 2, 3))).toEqual({ ...clean, violations: 1 });
  });

  it("gives full marks for an empty truth to an empty answer only", async () => {
    const nothing = { filter: "colour:none" };
    expect(await scoreOf(id(), nothing)).toEqual(clean);
    expect(await scoreOf(id(0), nothing)).toEqual({ ...clean, recall: 0, violations: 1 });
    expect(await scoreOf(Float64Array.of(5), nothing)).toMatchObject({ recall: 0, unknown: 1 });
  });

  it("gives a value only to what a head holds, or holds within 1e-5", async () => {
    // The three candidates are 9, 8 and 5, and the least of them is wanted first.
    const reversed: ModelSpec = { ...model, candidates: 3, value: "-score" };
    const score = (...rows: number[]): Promise<AnswerScore> =>
      scoreOf(id(...rows), { k: 2 }, reversed);
    expect(await score(2, 1)).toEqual(clean);
    // Row 3 ties with the last candidate, row 4 is a rounding error below it.
    expect(await score(3, 1)).toEqual(clean);
    expect(await score(4, 1)).toEqual(clean);
    // Rows 5 and 6 would be worth more than row 1, were they candidates.
    expect(await score(5, 6)).toEqual({ ...clean, recall: 0 });
    expect(await score(2, 0)).toEqual({ ...clean, recall: 1 / 2 });
  });

  it("values items by the OverArch as the oracle does", async () => {
    const mol: ModelSpec = { ...model, overarch: "mol", value: "task" };
    const given = { catalogue, users, model: mol, requests: [request({ k: 7 })] };
    const signal = new AbortController().signal;
    const { rows } = await computeTruth({ ...given, threads: 1, onProgress: () => {}, signal });
    // Rows 2 and 3 are the same item twice, so they stand side by side in the ranking.
    const place = rows.indexOf(2);
    expect(rows[place + 1]).toBe(3);
    const before = rows.subarray(0, place);
    const k = place + 1;
    expect(await scoreOf(id(...before, 3), { k }, mol)).toEqual(clean);
    const worse = rows.subarray(place + 2);
    expect(worse.length + place).toBe(5);
    for (const row of worse) {
      const score = await scoreOf(id(...before, row), { k }, mol);
      expect(score).toEqual({ ...clean, recall: place / k });
    }
  });
});
