import type { EngineAnswer } from "../engine/query.ts";
import type { LiveItems } from "./live-items.ts";

/** Best first. */
export interface RankedIds {
  readonly ids: Float64Array;
  readonly values: Float32Array;
}

type Answer = Pick<EngineAnswer, "rows" | "values">;

/** The answer without the compiled items that are not to be returned any more. @param hidden of each row 0 or 1. */
export function withoutHidden({ rows, values }: Answer, hidden: Uint8Array): Answer {
  let length = 0;
  while (length < rows.length && hidden[rows[length]!] === 0) length++;
  if (length === rows.length) return { rows, values };
  const kept = { rows: rows.slice(), values: values.slice() };
  for (let at = length; at < rows.length; at++) {
    if (hidden[rows[at]!] !== 0) continue;
    kept.rows[length] = rows[at]!;
    kept.values[length++] = values[at]!;
  }
  return { rows: kept.rows.subarray(0, length), values: kept.values.subarray(0, length) };
}

/** So many more are asked for at least, once anything is hidden. */
const LEAST_MORE = 8;

/**
 * How many compiled items to ask for, so that k are left of them but rarely fewer: as many are
 * expected to be hidden as their share says, give or take four standard deviations. In powers of two,
 * for an engine makes its buffers anew for a k that is larger than all before, and what is hidden grows
 * all the time.
 */
export function widened(k: number, hidden: number, items: number): number {
  if (hidden === 0) return k;
  const expected = (k * hidden) / items;
  const more = Math.max(LEAST_MORE, expected + 4 * Math.sqrt(expected) + 1);
  return Math.min(items, k + 2 ** Math.ceil(Math.log2(more)));
}

export interface Fresh {
  readonly live: LiveItems;
  /** float32, scores of slots that there were when the batch ran. */
  readonly scores: Float32Array;
  /** Whose scores they are, best first, of equal ones the first first; null: each slot's, in their order. */
  readonly slots: Int32Array | null;
  /** Of each slot that there was when the batch began: 0, or -inf where it may not be returned. */
  readonly penalties: Float32Array;
}

/**
 * The k best of the compiled items and the fresh ones that may be returned. An item that was replaced
 * since the batch began is returned as it was.
 */
export function withFresh(
  compiled: RankedIds,
  { live, scores, slots, penalties }: Fresh,
  k: number,
): RankedIds {
  // Fresh rows come after all compiled ones, so with an equal value they rank below.
  const bar = compiled.ids.length < k ? -Infinity : compiled.values[k - 1]!;
  const found: { id: number; value: number }[] = [];
  const end = slots === null ? Math.min(scores.length, penalties.length) : scores.length;
  for (let at = 0; at < end; at++) {
    const value = scores[at]!;
    if (value <= bar) {
      if (slots === null) continue;
      break;
    }
    const slot = slots === null ? at : slots[at]!;
    if (penalties[slot] !== 0) continue;
    found.push({ id: live.idAt(slot), value });
  }
  if (found.length === 0) {
    return { ids: compiled.ids.subarray(0, k), values: compiled.values.subarray(0, k) };
  }
  // Sorting is stable: of equal values the earlier slot stays first.
  if (slots === null) found.sort((a, b) => b.value - a.value);
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
