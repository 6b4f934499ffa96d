import { expect, test } from "vitest";
import type { ArtifactManifest } from "../compile/manifest.ts";
import { EMPTY_PROGRAM, type EncodedPlan } from "../eligibility/plan-tensors.ts";
import { Effort } from "./effort.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";

const manifest = (changes: Partial<ArtifactManifest> = {}): ArtifactManifest => ({
  ...({} as ArtifactManifest),
  items: 10_000,
  clusters: 100,
  scoreOnly: true,
  model: { candidates: 500 } as ArtifactManifest["model"],
  ...changes,
});
const plan = (checked = false): EncodedPlan => ({
  scan: EMPTY_PROGRAM,
  check: checked ? EMPTY_PROGRAM : null,
});
const query = (filter: EncodedPlan | null, k = 100): EngineQuery => ({
  user: { kind: "row", row: 0 },
  k,
  plan: filter,
  exclude: new Uint32Array(0),
});
const answer = (length: number, starved = false): EngineAnswer => ({
  rows: new Uint32Array(length),
  values: new Float32Array(length),
  freshScores: new Float32Array(0),
  starved,
});

test("an answer of k items is enough", () => {
  const effort = new Effort(manifest(), 8);
  const asked = query(plan());
  expect(effort.harder(asked, answer(100), effort.of(asked))).toBeNull();
  expect(effort.counters).toEqual({ widened: 0, widestProbes: 8 });
});

test("a short one is looked for in four times the clusters, then in all, then no more", () => {
  const effort = new Effort(manifest(), 5);
  const asked = query(plan());
  const first = effort.of(asked);
  expect(first).toEqual({ probes: 5, fetch: 0, folded: false });
  const second = effort.harder(asked, answer(3), first)!;
  expect(second.probes).toBe(20);
  // 80 of 100 clusters would be copied; to scan all is less work.
  const third = effort.harder(asked, answer(30), second)!;
  expect(third.probes).toBe(100);
  expect(effort.harder(asked, answer(30), third)).toBeNull();
  expect(effort.counters).toEqual({ widened: 2, widestProbes: 100 });
});

test("where items are checked before they get a place, any filter and k are searched alike", () => {
  const first = new Effort(manifest(), 5, { checksFirst: true });
  const asked = [query(null), query(plan()), query(plan(true)), query(plan(true), 300)];
  const alike = { probes: 5, fetch: 0, folded: false };
  expect(asked.map((each) => first.of(each))).toEqual([alike, alike, alike, alike]);
  const after = new Effort(manifest(), 5);
  expect(asked.map((each) => after.of(each).fetch)).toEqual([0, 0, 157, 407]);
});

test("a filter that needed more starts there; another one does not", () => {
  const effort = new Effort(manifest(), 5);
  const narrow = query(plan());
  const wider = effort.harder(narrow, answer(3), effort.of(narrow));
  expect(effort.of({ ...narrow, k: 50 })).toEqual(wider);
  expect(effort.of(query(plan())).probes).toBe(5);
  expect(effort.of(query(null)).probes).toBe(5);
});

test("where a check takes too many out, lists grow before more clusters are probed", () => {
  const effort = new Effort(manifest(), 5);
  const asked = query(plan(true));
  const first = effort.of(asked);
  expect(first).toMatchObject({ probes: 5, fetch: 157 });
  expect(effort.harder(asked, answer(60, true), first)).toMatchObject({ probes: 5, fetch: 628 });
});

test("where more than the score counts, a starved list matters though the answer is whole", () => {
  const effort = new Effort(manifest({ scoreOnly: false, clusters: null }), "all");
  const asked = query(plan(true));
  const first = effort.of(asked);
  expect(first.fetch).toBe(657);
  expect(effort.harder(asked, answer(100, true), first)?.fetch).toBe(2628);
  expect(effort.harder(asked, answer(100, false), first)).toBeNull();
});

test("a folded filter that lets through too much is worked off by its plan from then on", () => {
  const effort = new Effort(manifest({ clusters: null }), "all");
  const check = {
    ranges: new Int32Array(0),
    signs: new Float32Array(0),
    least: new Float32Array(0),
  };
  const folded = query({ ...plan(), folded: { penalties: new Float32Array(64), check } });
  const first = effort.of(folded);
  expect(first).toMatchObject({ folded: true });
  expect(effort.harder(folded, answer(60, false), first)).toBeNull();
  expect(effort.harder(folded, answer(60, true), first)).toMatchObject({ folded: false });
  expect(effort.of(folded).folded).toBe(false);
});
