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
  model: { candidates: 500, heads: 1 } as ArtifactManifest["model"],
  ...changes,
});
const plan = (checked = false, share = 1): EncodedPlan => ({
  share,
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
  freshSlots: null,
  starved,
});

test("an answer of k items is enough", () => {
  const effort = new Effort(manifest(), { probes: 8 });
  const asked = query(plan());
  expect(effort.harder(asked, answer(100), effort.of(asked))).toBeNull();
  expect(effort.counters).toEqual({ widened: 0, grown: 0, probed: new Map([[8, 1]]) });
});

test("a short one is looked for in four times the clusters, then in all, then no more", () => {
  const effort = new Effort(manifest(), { probes: 5 });
  const asked = query(plan());
  const first = effort.of(asked);
  expect(first).toEqual({ probes: 5, fetch: 0, folded: false });
  const second = effort.harder(asked, answer(3), first)!;
  expect(second.probes).toBe(20);
  // 80 of 100 clusters would be copied; to scan all is less work.
  const third = effort.harder(asked, answer(30), second)!;
  expect(third.probes).toBe(100);
  expect(effort.harder(asked, answer(30), third)).toBeNull();
  expect(effort.counters).toEqual({ widened: 2, grown: 0, probed: new Map([[100, 1]]) });
});

test("where items are checked before they get a place, any filter and k are searched alike", () => {
  const first = new Effort(manifest(), { probes: 5 }, { checksFirst: true, copiesClusters: false });
  const asked = [query(null), query(plan()), query(plan(true)), query(plan(true), 300)];
  const alike = { probes: 5, fetch: 0, folded: false };
  expect(asked.map((each) => first.of(each))).toEqual([alike, alike, alike, alike]);
  const after = new Effort(manifest(), { probes: 5 });
  expect(asked.map((each) => after.of(each).fetch)).toEqual([0, 0, 157, 407]);
});

test("a filter that needed more starts there; another one does not", () => {
  const effort = new Effort(manifest(), { probes: 5 });
  const narrow = query(plan());
  const wider = effort.harder(narrow, answer(3), effort.of(narrow));
  expect(effort.of({ ...narrow, k: 50 })).toEqual(wider);
  expect(effort.of(query(plan())).probes).toBe(5);
  expect(effort.of(query(null)).probes).toBe(5);
});

test("where a check takes too many out, lists grow before more clusters are probed", () => {
  const effort = new Effort(manifest(), { probes: 5 });
  const asked = query(plan(true));
  const first = effort.of(asked);
  expect(first).toMatchObject({ probes: 5, fetch: 157 });
  expect(effort.harder(asked, answer(60, true), first)).toMatchObject({ probes: 5, fetch: 628 });
});

test("where more than the score counts, a starved list matters though the answer is whole", () => {
  const effort = new Effort(manifest({ scoreOnly: false, clusters: null }), { probes: "all" });
  const asked = query(plan(true));
  const first = effort.of(asked);
  expect(first.fetch).toBe(657);
  expect(effort.harder(asked, answer(100, true), first)?.fetch).toBe(2628);
  expect(effort.harder(asked, answer(100, false), first)).toBeNull();
});

test("where the score is all that counts, all heads have one list, and a whole answer is enough", () => {
  const model = { candidates: 500, heads: 3 } as ArtifactManifest["model"];
  const asked = query(plan(true));
  for (const clusters of [null, 100]) {
    const effort = new Effort(manifest({ clusters, model }), { probes: "all" });
    expect(effort.harder(asked, answer(100, true), effort.of(asked))).toBeNull();
  }
});

test("a folded filter that lets through too much is worked off by its plan from then on", () => {
  const effort = new Effort(manifest({ clusters: null }), { probes: "all" });
  const check = {
    ranges: new Int32Array(0),
    signs: new Float32Array(0),
    least: new Float32Array(0),
  };
  const penalties = new Float32Array(64);
  const folded = query({ ...plan(), folded: { penalties, check, passing: 0.5 } });
  const first = effort.of(folded);
  // 100 of 243 pass, and three times their spread.
  expect(first).toMatchObject({ folded: true, fetch: 243 });
  expect(effort.harder(folded, answer(60, false), first)).toBeNull();
  expect(effort.harder(folded, answer(60, true), first)).toMatchObject({ folded: false });
  expect(effort.of(folded).folded).toBe(false);
});

test("the fewer items a filter leaves, the more clusters are looked at, in powers of two", () => {
  const effort = new Effort(manifest({ clusters: 1000 }), { probes: 8, mostProbes: "all" });
  const probesAt = (share: number): number => effort.begin(query(plan(false, share), 1)).probes;
  const shares = [1, 0.8, 0.5, 0.26, 0.1, 0.06, 0.04, 0];
  // From a quarter on all are less work than so many.
  expect(shares.map(probesAt)).toEqual([8, 8, 16, 32, 64, 128, 1000, 1000]);
  expect(effort.begin(query(null)).probes).toBe(8);
  expect(effort.counters).toEqual({ widened: 0, grown: 6, probed: new Map() });
});

test("the more heads copy clusters, the sooner all are less work", () => {
  const probesOf = (heads: number, share: number): number => {
    const model = { candidates: 500, heads } as ArtifactManifest["model"];
    const effort = new Effort(manifest({ clusters: 1000, model }), {
      probes: 8,
      mostProbes: "all",
    });
    return effort.of(query(plan(false, share), 1)).probes;
  };
  expect([1, 3, 12].map((heads) => probesOf(heads, 1 / 8))).toEqual([64, 64, 64]);
  expect([1, 3, 12].map((heads) => probesOf(heads, 1 / 16))).toEqual([128, 1000, 1000]);
});

test("they grow to the most that is allowed, and where nothing is copied to so many of all", () => {
  const capped = new Effort(manifest({ clusters: 1000 }), { probes: 8, mostProbes: 100 });
  expect(capped.of(query(plan(false, 1 / 16), 1)).probes).toBe(100);
  const scanning = { checksFirst: true, copiesClusters: false };
  const all = new Effort(manifest({ clusters: 1000 }), { probes: 8, mostProbes: "all" }, scanning);
  expect(all.of(query(plan(false, 1 / 64), 1)).probes).toBe(512);
  expect(all.of(query(plan(false, 1 / 128), 1)).probes).toBe(1000);
});

test("they grow beyond that where an answer would be short of it, whatever came before", () => {
  // 10,000 items in 1,000 clusters: of a tenth each cluster has one.
  const capped = new Effort(manifest({ clusters: 1000 }), { probes: 8, mostProbes: 16 });
  const probesFor = (k: number): number => capped.of(query(plan(false, 0.1), k)).probes;
  expect([10, 11, 80, 160].map(probesFor)).toEqual([16, 32, 128, 1000]);
});

test("where they grow, what one answer needed changes no other one's", () => {
  const effort = new Effort(manifest(), { probes: 5, mostProbes: "all" });
  const narrow = query(plan(false, 0.5));
  const first = effort.begin(narrow);
  expect(first.probes).toBe(10);
  expect(effort.harder(narrow, answer(3), first)!.probes).toBe(100);
  expect(effort.begin(narrow)).toEqual(first);
});

test("what is listed rather than scanned is looked for everywhere, however few the probes", () => {
  const effort = new Effort(
    manifest({ clusters: 10_000 }),
    { probes: 2, mostProbes: "all" },
    { listedBelow: 1 / 256 },
  );
  const probesAt = (share: number): number => effort.of(query(plan(false, share), 1)).probes;
  expect([1 / 128, 1 / 300].map(probesAt)).toEqual([256, 10_000]);
});

test("the share that is usually searched is that of the clusters, and all where there are none", () => {
  expect(new Effort(manifest(), { probes: 8 }).usualShare).toBe(0.08);
  expect(new Effort(manifest(), { probes: "all" }).usualShare).toBe(1);
  expect(new Effort(manifest({ clusters: null }), { probes: 8 }).usualShare).toBe(1);
});
