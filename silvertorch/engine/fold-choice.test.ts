import { expect, test } from "vitest";
import { EMPTY_PROGRAM, type EncodedPlan } from "../eligibility/plan-tensors.ts";
import type { Thoroughness } from "./batch-feeds.ts";
import { foldedWhereItPays } from "./fold-choice.ts";
import type { EngineQuery } from "./query.ts";

const SIZE = { items: 200_000, dim: 128, heads: 1, foldDims: 40 };

/** A request and the places it needs if it is folded; null: it cannot be. */
type Asked = readonly [EngineQuery, number | null];

const asked = (filter: Partial<EncodedPlan> | null, places: number | null): Asked => [
  {
    user: { kind: "row", row: 0 },
    k: 100,
    plan: filter === null ? null : { share: 0.1, scan: EMPTY_PROGRAM, check: null, ...filter },
    exclude: new Uint32Array(0),
  },
  places,
];
/** A filter of its own, of one term with so many literals. */
const filtered = (literals: number, places: number | null): Asked =>
  asked({ scan: { ...EMPTY_PROGRAM, termLengths: Uint32Array.of(literals) } }, places);
const several = (count: number, make: () => Asked): Asked[] => Array.from({ length: count }, make);

/** How they are searched, each that is alike once: how many, and with lists of which length. */
function chosen(batch: readonly Asked[], size: typeof SIZE | null = SIZE): Record<string, number> {
  const each = batch.map(([, places]): Thoroughness => ({
    probes: 1,
    fetch: places ?? 0,
    folded: places !== null,
  }));
  const found = foldedWhereItPays(
    batch.map(([query]) => query),
    each,
    size,
  );
  const counts: Record<string, number> = {};
  for (const [at, { folded, fetch }] of found.entries()) {
    const { plan } = batch[at]![0];
    const name = `${plan === null ? "any" : "filter"} ${folded ? `folded ${fetch}` : "planned"}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test("a batch of conjunctions is folded, with lists for the one that needs the longest", () => {
  const batch = [...several(60, () => filtered(6, 110)), ...several(4, () => filtered(6, 150))];
  expect(chosen(batch)).toEqual({ "filter folded 160": 64 });
});

test("a few short ones are planned: the wider product costs more than a mask", () => {
  expect(chosen(several(4, () => filtered(1, 100)))).toEqual({ "filter planned": 4 });
  expect(chosen(several(64, () => filtered(1, 100)))).toEqual({ "filter folded 112": 64 });
});

test("what needs very long lists is planned", () => {
  expect(chosen(several(64, () => filtered(2, 5000)))).toEqual({ "filter planned": 64 });
  const batch = [...several(60, () => filtered(6, 110)), ...several(4, () => filtered(6, 5000))];
  expect(chosen(batch)).toEqual({ "filter folded 112": 60, "filter planned": 4 });
});

test("a batch with others is split only where both parts are worth a product of their own", () => {
  const beside = (folded: number): Record<string, number> =>
    chosen([
      ...several(folded, () => filtered(9, 110)),
      ...several(64 - folded, () => filtered(9, null)),
    ]);
  expect(beside(4)).toEqual({ "filter planned": 64 });
  expect(beside(48)).toEqual({ "filter folded 112": 48, "filter planned": 16 });
});

test("whatever it takes, all that can be is folded", () => {
  const batch = [filtered(1, 5000), filtered(1, 100), filtered(1, null)];
  expect(chosen(batch, null)).toEqual({ "filter folded 5008": 2, "filter planned": 1 });
});

test("requests without a filter go along where some are folded, and by themselves where none is", () => {
  const plain = several(8, () => asked(null, null));
  expect(chosen([...plain, ...several(56, () => filtered(6, 110))])).toEqual({
    "any folded 112": 8,
    "filter folded 112": 56,
  });
  expect(chosen([...plain, ...several(4, () => filtered(6, null))])).toEqual({
    "any planned": 8,
    "filter planned": 4,
  });
});
