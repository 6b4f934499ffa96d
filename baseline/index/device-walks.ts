import { concatenated } from "../../src/math/concatenated.ts";
import type { RowRange } from "../row-range.ts";
import { RowSet } from "../row-set.ts";
import type { Search } from "../services.ts";
import type { DeviceIndex } from "./device-index.ts";
import { type PlanSettings, planSearch, type SearchShape } from "./search-plan.ts";
import type { Walked } from "./walk.ts";

export interface DeviceWalksOptions {
  readonly device: DeviceIndex;
  readonly dim: number;
  /** Rows of this shard, and of all together. */
  readonly items: number;
  readonly builtRows: number;
  /** Which of the catalogue's rows are this shard's; null: all. */
  readonly range: RowRange | null;
  readonly settings: PlanSettings;
}

/**
 * So many more than are wanted are found: a coarse order displaces a row by a few places, and of
 * rows that changed since the build some are not to be answered.
 */
const SPARE_SHARE = 1.25;
const SPARE_MORE = 32;

/** Widths of walks are multiples of this, so that a device does not meet a new one each time. */
const WIDTH_STEP = 64;

/** Rows that are scored on the CPU sooner than their filter's bits are sent to a device. */
const EXACT_ROWS = 2_000;

/** What a search asks of the device. */
interface Wish {
  readonly wanted: number;
  /** Whether the device leaves out what does not pass, rather than who gets its rows. */
  readonly isFiltered: boolean;
}

/**
 * Walks a batch on a device at once, as wide as its widest search asks.
 * @returns what was found for each; null for those whose eligible rows are few enough to be scored
 *   one by one.
 */
export async function walkOnDevice(
  searches: readonly Search[],
  { device, dim, items, builtRows, range, settings }: DeviceWalksOptions,
): Promise<(Walked | null)[]> {
  const wishes = searches.map(({ k, eligible, excluded }) => {
    // Of a shard the share of all: the bitmap tells, but is not looked into yet.
    const share = Math.ceil((eligible.count * items) / builtRows);
    const passing = eligible.bitmap === null ? items : share;
    return wishOf({ items, k, eligible: passing, excluded: excluded.length }, settings);
  });
  const walking = searches.filter((_, at) => wishes[at] !== null);
  if (walking.length === 0) return searches.map(() => null);
  const widest = Math.max(...wishes.map((wish) => wish?.wanted ?? 0));
  const wanted = Math.min(items, Math.ceil(widest / WIDTH_STEP) * WIDTH_STEP);
  const own = range ?? { from: 0, to: items };
  // Searches of one filter share its bitmap, and with it its bits.
  const sets = new Map<Uint8Array, RowSet>();
  const filters = searches.flatMap(({ vectors, eligible: { bitmap } }, at) => {
    const wish = wishes[at]!;
    if (wish === null) return [];
    const set = wish.isFiltered && bitmap !== null ? setOf(bitmap, own, sets) : null;
    return Array.from({ length: vectors.length / dim }, () => set);
  });
  const queries = concatenated(
    Float32Array,
    walking.map(({ vectors }) => vectors),
  );
  const walked = await device.walk(queries, device.bitsOf(filters), wanted);
  let head = 0;
  return searches.map(({ vectors }, at) => {
    if (wishes[at] === null) return null;
    const from = head;
    head += vectors.length / dim;
    return {
      rows: walked.rows.slice(from * wanted, head * wanted),
      values: walked.values.slice(from * wanted, head * wanted),
      counts: walked.counts.slice(from, head),
      wanted,
    };
  });
}

/** The rows of a bitmap, read once. */
function setOf(bitmap: Uint8Array, own: RowRange, known: Map<Uint8Array, RowSet>): RowSet {
  const set = known.get(bitmap) ?? new RowSet(bitmap, own);
  known.set(bitmap, set);
  return set;
}

/** null: the CPU scores what is eligible. */
function wishOf(shape: SearchShape, settings: PlanSettings): Wish | null {
  const { items, k, eligible } = shape;
  const { join, exactBelow } = settings;
  const expansionSearch = Math.ceil(k * SPARE_SHARE) + SPARE_MORE;
  if (join === "post" || join === "exact") {
    const plan = planSearch(shape, { ...settings, expansionSearch });
    return plan.kind === "walk" ? { wanted: plan.wanted, isFiltered: false } : null;
  }
  // The excluded are found with the others, and left out of what was found.
  const wanted = Math.max(expansionSearch, k + Math.min(shape.excluded, k));
  const few = exactBelow === "auto" ? EXACT_ROWS : exactBelow * items;
  return eligible < few || eligible <= wanted ? null : { wanted, isFiltered: true };
}
