import { hasBit } from "../../src/math/bit-words.ts";
import type { EngineAnswer, FreshOpen } from "../engine/query.ts";
import type { LiveItems } from "./live-items.ts";

/** Best first. */
export interface RankedIds {
  readonly ids: Float64Array;
  readonly values: Float32Array;
}

/** What the answers of a batch are merged under. */
export interface MergeView {
  /** Compiled items as they were when the batch began: a bit a row, as `HiddenBits` has it, of those that must not be returned. */
  readonly hidden: Uint32Array;
  /** Of compiled items. */
  readonly idOf: (row: number) => number;
  /** Of fresh items. */
  readonly live: Pick<LiveItems, "idAt">;
}

/** What was asked for. */
export interface Wanted {
  /** Items of the answer. */
  readonly k: number;
  /** Compiled items that were asked of the engine: k, or more, for some may be hidden. */
  readonly asked: number;
  /** Which of the fresh items that there were when the batch began may be returned. */
  readonly open: FreshOpen;
}

type Answer = Pick<EngineAnswer, "rows" | "values" | "freshScores" | "freshSlots">;

/**
 * Merges the answers of a batch with what changed, as it was when the batch began: what was replaced
 * since is returned as it was. Its answers share memory, for an array of its own for each costs more
 * than the merging does.
 */
export class BatchMerge {
  readonly #view: MergeView;
  readonly #ids: Float64Array;
  readonly #values: Float32Array;
  #next = 0;

  /** @param places of all answers together. */
  constructor(view: MergeView, places: number) {
    this.#view = view;
    this.#ids = new Float64Array(places);
    this.#values = new Float32Array(places);
  }

  /**
   * The k best of the compiled items and the fresh ones that may be returned; null: so many of the
   * compiled are hidden that those which were not asked for may be better than what is left.
   */
  merged(answer: Answer, { k, asked, open }: Wanted): RankedIds | null {
    const { rows } = answer;
    const [ids, best, first] = [this.#ids, this.#values, this.#next];
    const visible = this.#putVisible(answer, k);
    const { scores, slots } = this.#inOrder(answer, open, k);
    let [old, fresh] = [0, 0];
    while (old + fresh < k) {
      if (old === visible && rows.length >= asked) return null;
      const enters = fresh < slots.length && scores[fresh]! > -Infinity;
      // Fresh rows come after all compiled ones, so with an equal value they rank below.
      if (enters && (old === visible || scores[fresh]! > best[first + old]!)) fresh++;
      else if (old < visible) old++;
      else break;
    }
    const end = first + old + fresh;
    this.#next = end;
    // From the last on, so that what is moved back overwrites nothing that is still wanted.
    for (let at = end - 1; fresh > 0; at--) {
      if (old > 0 && scores[fresh - 1]! > best[first + old - 1]!) {
        old--;
        ids[at] = ids[first + old]!;
        best[at] = best[first + old]!;
      } else {
        fresh--;
        ids[at] = this.#view.live.idAt(slots[fresh]!);
        best[at] = scores[fresh]!;
      }
    }
    return { ids: ids.subarray(first, end), values: best.subarray(first, end) };
  }

  /** The first k of the compiled items that may be returned, at the next places. @returns how many. */
  #putVisible({ rows, values }: Answer, k: number): number {
    const { hidden, idOf } = this.#view;
    const [ids, best, first] = [this.#ids, this.#values, this.#next];
    let count = 0;
    for (let at = 0; at < rows.length && count < k; at++) {
      const row = rows[at]!;
      // Without a branch on what is hidden, so that looking up one id does not wait for another.
      ids[first + count] = idOf(row);
      best[first + count] = values[at]!;
      count += 1 - Number(hasBit(hidden, row));
    }
    return count;
  }

  #inOrder({ rows, values, freshScores, freshSlots }: Answer, open: FreshOpen, k: number): InOrder {
    if (freshSlots !== null) return { scores: freshScores, slots: freshSlots };
    if (open.count === 0 || freshScores.length === 0) return NOTHING;
    // What comes among the answers is above the last of k items that may still be returned.
    let bar = -Infinity;
    for (let at = 0, count = 0; at < rows.length && count < k; at++) {
      if (!hasBit(this.#view.hidden, rows[at]!) && ++count === k) bar = values[at]!;
    }
    const slots: number[] = [];
    const end = Math.min(freshScores.length, open.count);
    for (let slot = 0; slot < end; slot++) {
      if (freshScores[slot]! > bar && hasBit(open.words, slot)) slots.push(slot);
    }
    // Sorting is stable: of equal values the earlier slot stays first.
    slots.sort((a, b) => freshScores[b]! - freshScores[a]!);
    return { scores: slots.map((slot) => freshScores[slot]!), slots };
  }
}

/** Slots and their scores, best first, of equal ones the first first; -inf is what may not be returned. */
interface InOrder {
  readonly scores: ArrayLike<number>;
  readonly slots: ArrayLike<number>;
}

const NOTHING: InOrder = { scores: new Float32Array(0), slots: new Int32Array(0) };
