import type { RowRange } from "../row-range.ts";
import { RowSet } from "../row-set.ts";
import type { Search, SearchEffort } from "../services.ts";
import type { ClusterProbe } from "./cluster-probe.ts";
import { type GraphSettings, HnswGraph } from "./hnsw.ts";
import {
  narrowed,
  planProbe,
  planSearch,
  type SearchPlan,
  type SearchShape,
} from "./search-plan.ts";
import type { Walked } from "./walk.ts";

/** What leads to near rows without looking at all; null: all are looked at. */
export type NearRows = HnswGraph | ClusterProbe | null;

/** What is searched, as far as a plan depends on it. */
export interface Searched {
  /** Which of the catalogue's rows; null: all. What follows is of these. */
  readonly range: RowRange | null;
  readonly near: NearRows;
  readonly items: number;
  readonly settings: GraphSettings;
}

/** One search while it is answered. */
export interface Job {
  /** What it excludes is counted from the range's first row. */
  readonly search: Search;
  readonly shape: SearchShape;
  readonly plan: SearchPlan;
  readonly eligible: RowSet | null;
  /** In the catalogue's rows. */
  readonly excluded: Uint32Array;
  readonly effort: Required<SearchEffort>;
  /** Whether the walk was made elsewhere, on a device. */
  readonly isGiven: boolean;
  /** Its part of a walk shared with others, one a head; null where it is walked alone. */
  walked: { readonly walk: Walked; readonly first: number } | null;
}

/**
 * Reads a search and chooses how it is answered.
 * @param given What was found for it elsewhere; null: nothing was.
 * @param hidesAny Whether some of the rows must not be found any more.
 */
export function prepareJob(
  search: Search,
  given: Walked | null,
  searched: Searched,
  hidesAny: boolean,
): Job {
  const { items, range, settings } = searched;
  const { bitmap } = search.eligible;
  const eligible = bitmap === null ? null : builtRows(bitmap, range, items);
  const excluded = inRange(search.excluded, range ?? { from: 0, to: items });
  const shape = {
    items,
    k: search.k,
    eligible: eligible?.cardinality ?? items,
    excluded: excluded.length,
  };
  const { probes, expansionSearch } = settings;
  const effort = { probes, expansionSearch, ...search.effort };
  const plan: SearchPlan =
    given === null
      ? planOf(shape, effort, searched, hidesAny)
      : { kind: "walk", wanted: given.wanted };
  const walked = given === null ? null : { walk: given, first: 0 };
  const common = { shape, plan, eligible, excluded: search.excluded, effort, walked };
  return { search: { ...search, excluded }, isGiven: given !== null, ...common };
}

function planOf(
  shape: SearchShape,
  { probes, expansionSearch }: Required<SearchEffort>,
  { near, settings }: Searched,
  hidesAny: boolean,
): SearchPlan {
  if (near instanceof HnswGraph) {
    const plan = planSearch(shape, { ...settings, expansionSearch });
    // Of a coarser graph all are scored again; and what is hidden may be anywhere.
    const isExact = settings.precision === "f32" && !hidesAny;
    return isExact ? narrowed(plan, shape) : plan;
  }
  if (near !== null) return planProbe(shape, settings, { probes, clusters: near.clusters });
  // Nothing leads to near rows, so those that are eligible are scored: the two ways are one.
  if (settings.join !== "post") return { kind: "exact" };
  return planSearch(shape, { ...settings, expansionSearch: 0 });
}

/** Those of a bitmap's rows that the index was built of. */
function builtRows(bitmap: Uint8Array, range: RowRange | null, items: number): RowSet {
  if (range !== null) return new RowSet(bitmap, range);
  const all = new RowSet(bitmap);
  // Rows that came after the build: looked for only where there are any, since it takes longer.
  return all.last < items ? all : new RowSet(bitmap, { from: 0, to: items });
}

/** The rows of a range, counted from its first. */
function inRange(rows: Uint32Array, { from, to }: RowRange): Uint32Array {
  if (from === 0 && rows.every((row) => row < to)) return rows;
  return rows.filter((row) => row >= from && row < to).map((row) => row - from);
}
