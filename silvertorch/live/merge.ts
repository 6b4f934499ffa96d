import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import type { LiveItems } from "./live-items.ts";
import type { SlotFilter } from "./slot-filter.ts";

/** Best first. */
export interface RankedIds {
  readonly ids: Float64Array;
  readonly values: Float32Array;
}

/** The answer without the compiled items that are not to be returned any more. */
export function withoutHidden({ ids, values }: RankedIds, live: LiveItems): RankedIds {
  if (live.hidden === 0) return { ids, values };
  const kept = { ids: new Float64Array(ids.length), values: new Float32Array(ids.length) };
  let length = 0;
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at]!;
    if (live.hides(id)) continue;
    kept.ids[length] = id;
    kept.values[length++] = values[at]!;
  }
  return { ids: kept.ids.subarray(0, length), values: kept.values.subarray(0, length) };
}

/**
 * How many compiled items to ask for, so that k are left of them but rarely fewer: as many are
 * expected to be hidden as their share says, give or take four standard deviations.
 */
export function widened(k: number, hidden: number, items: number): number {
  if (hidden === 0) return k;
  const expected = (k * hidden) / items;
  return Math.min(items, k + Math.ceil(expected + 4 * Math.sqrt(expected) + 1));
}

export interface Fresh {
  readonly live: LiveItems;
  /** float32, scores of slots that there were when the batch ran. */
  readonly scores: Float32Array;
  /** Whose scores they are, of equal ones the first first; null: each slot's, in their order. */
  readonly slots: Int32Array | null;
  readonly filter: SlotFilter;
}

/** The k best of the compiled items and the fresh ones that may be returned. */
export function withFresh(
  compiled: RankedIds,
  { live, scores, slots, filter }: Fresh,
  { k, exclude }: RetrievalRequest,
): RankedIds {
  // Fresh rows come after all compiled ones, so with an equal value they rank below.
  const bar = compiled.ids.length < k ? -Infinity : compiled.values[k - 1]!;
  const found: { id: number; value: number }[] = [];
  for (let at = 0; at < scores.length; at++) {
    const value = scores[at]!;
    if (value <= bar) continue;
    const slot = slots === null ? at : slots[at]!;
    const item = live.at(slot);
    if (item === null || !filter.passes(slot, live) || exclude.includes(item.id)) continue;
    found.push({ id: item.id, value });
  }
  if (found.length === 0) {
    return { ids: compiled.ids.subarray(0, k), values: compiled.values.subarray(0, k) };
  }
  // Sorting is stable: of equal values the earlier slot stays first.
  found.sort((a, b) => b.value - a.value);
  return interleaved(compiled, found, k);
}

function interleaved(
  compiled: RankedIds,
  fresh: readonly { readonly id: number; readonly value: number }[],
  k: number,
): RankedIds {
  const length = Math.min(k, compiled.ids.length + fresh.length);
  const ids = new Float64Array(length);
  const values = new Float32Array(length);
  let old = 0;
  let next = 0;
  for (let at = 0; at < length; at++) {
    const candidate = fresh[next];
    const takesOld =
      old < compiled.ids.length &&
      (candidate === undefined || compiled.values[old]! >= candidate.value);
    ids[at] = takesOld ? compiled.ids[old]! : candidate!.id;
    values[at] = takesOld ? compiled.values[old++]! : fresh[next++]!.value;
  }
  return { ids, values };
}
