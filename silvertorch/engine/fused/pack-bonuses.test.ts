import { expect, test } from "vitest";
import { NO_BONUS_ROW } from "../../kernels/search/bonus-keys.ts";
import { EMPTY_PROGRAM, type EncodedPlan } from "../../eligibility/plan-tensors.ts";
import type { EngineQuery } from "../query.ts";
import { packBatch } from "./pack-batch.ts";
import { packBonuses } from "./pack-bonuses.ts";

const plan = (clusterBonus?: Uint8Array): EncodedPlan => ({
  scan: EMPTY_PROGRAM,
  check: null,
  share: 0.5,
  ...(clusterBonus === undefined ? {} : { clusterBonus }),
});
const query = (filter: EncodedPlan | null): EngineQuery => ({
  user: { kind: "row", row: 0 },
  k: 5,
  plan: filter,
  exclude: new Uint32Array(0),
});
const settings = { heads: 2, clusters: 6, probes: 2, places: 5, candidates: 5 };
const red = plan(Uint8Array.of(1, 2, 3, 4, 5, 6));
const blue = plan(Uint8Array.of(0, 0, 0, 0, 0, 255));
const plain = plan();

test("each filter's bonuses are packed once, in whole words", () => {
  const packed = packBonuses([null, red, blue, plain, red].map(query), 6)!;
  expect([...new Uint8Array(packed.codes.buffer)]).toEqual(
    [
      [1, 2, 3, 4, 5, 6, 0, 0],
      [0, 0, 0, 0, 0, 255, 0, 0],
    ].flat(),
  );
  expect([...packed.rowOf]).toEqual([NO_BONUS_ROW, 0, 1, NO_BONUS_ROW, 0]);
});

test("of a batch in which no filter has one nothing is packed, and its words are as without", () => {
  const queries = [null, plain].map(query);
  const ordered = packBatch(queries, { ...settings, ordersClusters: true });
  expect(ordered).toEqual(packBatch(queries, settings));
  expect(ordered.bonuses).toBeNull();
});

test("nothing is packed where the order of clusters is of no matter, or not theirs to say", () => {
  const queries = [red, blue].map(query);
  expect(packBatch(queries, settings).bonuses).toBeNull();
  const all = { ...settings, probes: 6, ordersClusters: true };
  expect(packBatch(queries, all).bonuses).toBeNull();
  expect(packBatch(queries, { ...settings, ordersClusters: true }).bonuses).toHaveLength(4);
});
