import type { MeshSettings } from "../../src/scenario/settings.ts";

/** What a search costs depends on how much of the catalogue may be answered. */
export interface SearchShape {
  readonly items: number;
  readonly k: number;
  /** Rows that pass the filter. */
  readonly eligible: number;
  readonly excluded: number;
}

/** How a filter's rows are joined with an index, where it is not for the cost to say. */
export type Join = MeshSettings["index"]["join"];

export interface PlanSettings {
  readonly join: Join;
  /** Rows that a walk keeps anyway; 0: it keeps as many as are wanted. */
  readonly expansionSearch: number;
  /** A share of the catalogue, or "auto": whichever is estimated to cost less. */
  readonly exactBelow: number | "auto";
}

export type SearchPlan =
  | { readonly kind: "exact" }
  /** Walk the graph for this many rows and drop those that do not pass. */
  | { readonly kind: "walk"; readonly wanted: number }
  /**
   * Look into so many clusters, the nearest to the query; where fewer of their rows pass than
   * `least`, those that pass lie elsewhere, and all of them are scored.
   */
  | { readonly kind: "probe"; readonly probes: number; readonly least: number };

/**
 * Rows scored exactly in the time the walk takes for one candidate kept (`ef`). Measured on 2-core
 * EPYC machines, connectivity 16: the walk takes 3.2 us a candidate over 50,000 x 64 and 9 us over
 * 341,479 x 100, the scan 20 to 33 ns and 65 (all rows) to 160 ns (a twentieth) a row.
 */
export const ROWS_PER_CANDIDATE = 100;

/**
 * What a filtered walk is held to cost more than it does: where the query's neighbours do not pass
 * it leaves too few, and all is scored after it. On the GloVe scenario every third did.
 */
const RISK = 2;

/** Chooses between the two ways to join a filter with a walk. Both give min(k, eligible) rows. */
export function planSearch(shape: SearchShape, settings: PlanSettings): SearchPlan {
  const { items, eligible } = shape;
  const wanted = firstWanted(shape, settings);
  const { exactBelow, join } = settings;
  if (wanted >= items || join === "exact") return { kind: "exact" };
  if (join === "post") return { kind: "walk", wanted };
  const walkCost = scanCostOf(wanted) * (eligible < items ? RISK : 1);
  const isExact = exactBelow === "auto" ? eligible <= walkCost : eligible < exactBelow * items;
  return isExact ? { kind: "exact" } : { kind: "walk", wanted };
}

/**
 * A walk keeps `ef` rows whatever it is asked for, and each one that it hands over costs: where all
 * pass, no more are asked for than may be answered.
 */
export function narrowed(
  plan: SearchPlan,
  { items, k, eligible, excluded }: SearchShape,
): SearchPlan {
  if (plan.kind !== "walk" || eligible < items) return plan;
  return { kind: "walk", wanted: Math.min(plan.wanted, k + Math.min(excluded, k)) };
}

/**
 * After a walk that left too few: twice as many, or null where scoring all that pass is cheaper, or
 * nothing is left to walk to.
 * @param found Rows the walk found: fewer than it wanted when it saw the whole graph it can reach.
 */
export function widenWalk(
  shape: SearchShape,
  walk: { readonly wanted: number; readonly found: number },
  join: Join,
): number | null {
  const wanted = walk.wanted * 2;
  const isExhausted = walk.found < walk.wanted || wanted >= shape.items;
  const isCheaper = join !== "post" && shape.eligible <= scanCostOf(wanted);
  return isExhausted || isCheaper ? null : wanted;
}

/** A walk for `wanted` rows, in rows scored exactly. */
const scanCostOf = (wanted: number): number => wanted * ROWS_PER_CANDIDATE;

/**
 * As many rows as leave `ef` of them after the filter: the k best that pass lie deeper in the
 * walk's order the fewer pass, and a walk finds few of the rows at the end of what it keeps.
 */
function firstWanted(shape: SearchShape, { expansionSearch }: PlanSettings): number {
  const { items, k, eligible, excluded } = shape;
  if (eligible <= k + excluded) return items;
  // Exclusions are mostly near the user, so as many as the answer is long are expected in it.
  const passing = Math.max(expansionSearch, k + Math.min(excluded, k));
  return Math.ceil((passing * items) / eligible);
}

/**
 * What a probe costs beside the scores of the rows that pass, in rows scored one by one: to find out
 * whether a row passes, and to score a centroid. Measured on a 2-core EPYC machine by bench:joins.
 */
const LOOK_ROWS = 0.7;
const CENTROID_ROWS = 0.25;

/** Share of the rows expected to pass in the clusters probed, below which they lie elsewhere. */
const FEW_PASS = 0.5;

/** Chooses between clusters, looked into for eligible rows only, and the other ways. */
export function planProbe(
  shape: SearchShape,
  settings: PlanSettings,
  lists: { readonly probes: number; readonly clusters: number },
): SearchPlan {
  const { join, exactBelow } = settings;
  if (join === "exact" || join === "post") {
    return planSearch(shape, { ...settings, expansionSearch: 0 });
  }
  const { items, eligible, k, excluded } = shape;
  const { clusters } = lists;
  // The fewer pass, the farther apart the best of them lie: as many are looked at as without a filter.
  const probes = Math.min(clusters, Math.ceil((lists.probes * items) / Math.max(1, eligible)));
  if (join === "pre" || eligible === items) return { kind: "probe", probes, least: 0 };
  const looked = (items * probes) / clusters;
  const cost = clusters * CENTROID_ROWS + looked * (LOOK_ROWS + eligible / items);
  const isCheaper = exactBelow === "auto" ? eligible <= cost : eligible < exactBelow * items;
  if (isCheaper || eligible <= k + excluded) return { kind: "exact" };
  return { kind: "probe", probes, least: Math.floor((FEW_PASS * looked * eligible) / items) };
}
