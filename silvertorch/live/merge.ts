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
    const { hidden, idOf, live } = this.#view;
    const { rows, values } = answer;
    const { scores, slots } = this.#inOrder(answer, open, k);
    const [ids, best, first] = [this.#ids, this.#values, this.#next];
    const end = first + k;
    const fresh = slots.length;
    let at = first;
    for (let old = 0, next = 0; at < end; at++) {
      while (old < rows.length && hasBit(hidden, rows[old]!)) old++;
      if (old === rows.length && rows.length >= asked) return null;
      const isOver = next >= fresh || scores[next] === -Infinity;
      if (old === rows.length && isOver) break;
      // Fresh rows come after all compiled ones, so with an equal value they rank below.
      if (isOver || (old < rows.length && values[old]! >= scores[next]!)) {
        ids[at] = idOf(rows[old]!);
        best[at] = values[old++]!;
      } else {
        ids[at] = live.idAt(slots[next]!);
        best[at] = scores[next++]!;
      }
    }
    this.#next = at;
    return { ids: ids.subarray(first, at), values: best.subarray(first, at) };
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
