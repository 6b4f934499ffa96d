import { hasBit } from "../../src/math/bit-words.ts";
import type { EngineAnswer, FreshOpen } from "../engine/query.ts";
import type { LiveItems } from "./live-items.ts";

/** Best first. */
export interface RankedIds {
  readonly ids: Float64Array;
  readonly values: Float32Array;
}

type Answer = Pick<EngineAnswer, "rows" | "values">;

/** Compiled items as they were when a batch began. */
export interface Compiled {
  /** A bit a row, as `HiddenBits` has it: those that must not be returned. */
  readonly hidden: Uint32Array;
  idOf(row: number): number;
}

/** How many items of an answer may still be returned. */
export function visibleCount({ rows }: Answer, { hidden }: Pick<Compiled, "hidden">): number {
  let count = 0;
  for (let at = 0; at < rows.length; at++) if (!hasBit(hidden, rows[at]!)) count++;
  return count;
}

export interface Fresh {
  readonly live: LiveItems;
  /** float32, scores of slots that there were when the batch ran. */
  readonly scores: Float32Array;
  /** Whose scores they are, best first, of equal ones the first first; null: each slot's, in their order. */
  readonly slots: Int32Array | Uint32Array | null;
  /** Which of those that there were when the batch began may be returned. */
  readonly open: FreshOpen;
}

/**
 * The k best of the compiled items and the fresh ones that may be returned, as they were when the
 * batch began: what was replaced since is returned as it was.
 */
export function merged(
  { rows, values }: Answer,
  compiled: Compiled,
  fresh: Fresh,
  k: number,
): RankedIds {
  const { scores, slots } = inOrder(fresh, () => lastValue({ rows, values }, compiled, k));
  const ids = new Float64Array(k);
  const best = new Float32Array(k);
  let old = 0;
  let next = 0;
  let at = 0;
  for (; at < k; at++) {
    while (old < rows.length && hasBit(compiled.hidden, rows[old]!)) old++;
    const isOver = next >= scores.length || scores[next] === -Infinity;
    if (old === rows.length && isOver) break;
    // Fresh rows come after all compiled ones, so with an equal value they rank below.
    if (isOver || (old < rows.length && values[old]! >= scores[next]!)) {
      ids[at] = compiled.idOf(rows[old]!);
      best[at] = values[old++]!;
    } else {
      ids[at] = fresh.live.idAt(slots[next]!);
      best[at] = scores[next++]!;
    }
  }
  return at === k
    ? { ids, values: best }
    : { ids: ids.subarray(0, at), values: best.subarray(0, at) };
}

/** The value of the last of k items that may still be returned; -inf where there are not as many. */
function lastValue({ rows, values }: Answer, compiled: Compiled, k: number): number {
  for (let at = 0, count = 0; at < rows.length; at++) {
    if (!hasBit(compiled.hidden, rows[at]!) && ++count === k) return values[at]!;
  }
  return -Infinity;
}

/** Slots and their scores, best first, of equal ones the first first; -inf is what may not be returned. */
interface InOrder {
  readonly scores: ArrayLike<number>;
  readonly slots: ArrayLike<number>;
}

/** @param barOf what comes among the answers is above it. */
function inOrder({ scores, slots: given, open }: Fresh, barOf: () => number): InOrder {
  if (given !== null) return { scores, slots: given };
  const bar = barOf();
  const slots: number[] = [];
  const end = Math.min(scores.length, open.count);
  for (let slot = 0; slot < end; slot++) {
    if (scores[slot]! > bar && hasBit(open.words, slot)) slots.push(slot);
  }
  // Sorting is stable: of equal values the earlier slot stays first.
  slots.sort((a, b) => scores[b]! - scores[a]!);
  return { scores: slots.map((slot) => scores[slot]!), slots };
}
