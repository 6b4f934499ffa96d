import type { EncodedPlan } from "../eligibility/plan-tensors.ts";
import { fewShare } from "../eligibility/filter-share.ts";
import type { Thoroughness } from "./batch-feeds.ts";
import type { EngineQuery } from "./query.ts";

/** What the work of a search is made of. */
export interface SearchSize {
  readonly items: number;
  /** Of an embedding. */
  readonly dim: number;
  readonly heads: number;
  /** Dimensions behind it of what is folded. */
  readonly foldDims: number;
}

/**
 * What parts of a search take, in nanoseconds of a processor: of each item, but for a list. Fitted to
 * what batches of 1 to 64 requests took (reports/measured.md); only their ratios matter.
 */
const COSTS = {
  /** A number of an embedding that a product reads, whoever asks, and for each that asks. */
  read: 0.2,
  multiply: 0.0089,
  /** To go through the scores of a request, and to take out what a plan leaves out. */
  rank: 0.5,
  mask: 1.05,
  /** A step of a plan. */
  step: 0.0575,
  /** An item that is listed and scored for itself, for each request that may get it. */
  pair: 120,
  /** A place of a list, whatever the items. */
  place: 600,
};
/** Places of lists are tried in steps of so many. */
const PLACES_STEP = 16;
/** Folding has to promise so much: what it lets through may still be made again. */
const WORTH = 0.95;

/**
 * Which queries of a batch are folded: those that can be are either folded into a product of their own
 * or worked off by their plans, in one product with all others, whatever takes less time by `COSTS`.
 * What takes long lists is planned sooner than the rest. Queries without a filter go along where some
 * are folded.
 *
 * @param each how each would be searched by itself: folded, if it can be, `fetch` the places it needs.
 * @param size null: what can be folded is, whatever that takes.
 * @returns how each is searched beside the others.
 */
export function foldedWhereItPays(
  queries: readonly EngineQuery[],
  each: readonly Thoroughness[],
  size: SearchSize | null,
): readonly Thoroughness[] {
  if (!each.some(({ folded }) => folded)) return each;
  const needs = each.map(({ folded, fetch }) =>
    folded ? Math.ceil(fetch / PLACES_STEP) * PLACES_STEP : Infinity,
  );
  const limits = new Set(needs.filter(Number.isFinite));
  const limit =
    size === null ? Math.max(...limits) : cheapestLimit(queries, { needs, limits, size });
  return each.map((own, at) => {
    if (queries[at]!.plan === null) return { ...own, fetch: limit, folded: limit > 0 };
    if (!own.folded) return own;
    return needs[at]! <= limit ? { ...own, fetch: limit } : { ...own, fetch: 0, folded: false };
  });
}

interface Choice {
  /** Places that each needs, infinitely many where it cannot be folded. */
  readonly needs: readonly number[];
  /** Each number of them once. */
  readonly limits: ReadonlySet<number>;
  readonly size: SearchSize;
}

/** The length of lists with which it takes the least time to fold what needs no longer ones; 0: none is. */
function cheapestLimit(queries: readonly EngineQuery[], { needs, limits, size }: Choice): number {
  let best = { cost: WORTH * plannedCost(queries, size), limit: 0 };
  for (const limit of limits) {
    const isFolded = (at: number): boolean => needs[at]! <= limit || queries[at]!.plan === null;
    const folded = queries.filter((_, at) => isFolded(at));
    const planned = queries.filter((_, at) => !isFolded(at));
    const cost = foldedCost(folded.length, limit, size) + plannedCost(planned, size);
    if (cost < best.cost) best = { cost, limit };
  }
  return best.limit;
}

function foldedCost(
  requests: number,
  places: number,
  { items, dim, heads, foldDims }: SearchSize,
): number {
  if (requests === 0) return 0;
  const product = productCost(requests * heads, dim + foldDims);
  return items * (product + requests * COSTS.rank) + requests * places * COSTS.place;
}

function plannedCost(queries: readonly EngineQuery[], { items, dim, heads }: SearchSize): number {
  const requests = queries.length;
  if (requests === 0) return 0;
  const plans = [...new Set(queries.map(({ plan }) => plan))];
  const filtered = plans.some((plan) => plan !== null);
  const steps = filtered ? plans.length * stepsOf(plans) * COSTS.step : 0;
  const share = queries.reduce((sum, { plan }) => sum + (plan?.share ?? 1), 0) / requests;
  if (share < fewShare(heads)) return items * (steps + requests * share * COSTS.pair);
  const mask = filtered ? requests * COSTS.mask : 0;
  const product = productCost(requests * heads, dim);
  const lists = requests * Math.max(...queries.map(({ k }) => k)) * COSTS.place;
  return items * (product + requests * COSTS.rank + mask + steps) + lists;
}

const productCost = (rows: number, dims: number): number =>
  dims * (COSTS.read + rows * COSTS.multiply);

/** Steps that all plans of a batch take: of each term as many as the plan's that has most. */
function stepsOf(plans: readonly (EncodedPlan | null)[]): number {
  const lengths: number[] = [];
  for (const plan of plans) {
    plan?.scan.termLengths.forEach((length, term) => {
      lengths[term] = Math.max(lengths[term] ?? 0, length);
    });
  }
  return lengths.reduce((sum, length) => sum + length, 0);
}
