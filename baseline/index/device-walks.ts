import { concatVectors } from "../concat-vectors.ts";
import type { Search } from "../services.ts";
import type { DeviceIndex } from "./device-index.ts";
import { type PlanSettings, planSearch } from "./search-plan.ts";
import type { Walked } from "./walk.ts";

export interface DeviceWalksOptions {
  readonly device: DeviceIndex;
  readonly dim: number;
  /** Rows of this shard, and of all together. */
  readonly items: number;
  readonly builtRows: number;
  readonly settings: PlanSettings;
}

/**
 * A product of halves, as some devices take it, displaces a row by a few places: so many more than
 * are wanted are found, and the best of them scored in full.
 */
const COARSE_SHARE = 1.25;
const COARSE_MORE = 32;

/** Widths of walks are multiples of this, so that a device does not meet a new one each time. */
const WIDTH_STEP = 64;

/**
 * Walks a batch on a device at once, as wide as its widest search asks.
 * @returns what was found for each; null for those whose eligible rows are few enough to be scored
 *   one by one.
 */
export async function walkOnDevice(
  searches: readonly Search[],
  { device, dim, items, builtRows, settings }: DeviceWalksOptions,
): Promise<(Walked | null)[]> {
  const widths = searches.map(({ k, eligible, excluded }) => {
    const shape = {
      items,
      k,
      // Of a shard the share of all: the bitmap tells, but is not looked into here.
      eligible: eligible.bitmap === null ? items : Math.ceil((eligible.count * items) / builtRows),
      excluded: excluded.length,
    };
    const expansionSearch = Math.ceil(k * COARSE_SHARE) + COARSE_MORE;
    const plan = planSearch(shape, { ...settings, expansionSearch });
    return plan.kind === "walk" ? plan.wanted : 0;
  });
  const walking = searches.filter((_, at) => widths[at]! > 0);
  if (walking.length === 0) return searches.map(() => null);
  const widest = Math.ceil(Math.max(...widths) / WIDTH_STEP) * WIDTH_STEP;
  const wanted = Math.min(items, widest);
  const queries = concatVectors(walking.map(({ vectors }) => vectors)).slice();
  const walked = await device.walk(queries, wanted);
  let head = 0;
  return searches.map(({ vectors }, at) => {
    if (widths[at] === 0) return null;
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
