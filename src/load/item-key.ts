import { HarnessError } from "../errors.ts";
import type { Catalogue, NumericColumn } from "../retrieval/catalogue.ts";
import { printFilter } from "../retrieval/filter/print.ts";

/** Numbers nearer to 0 than this are not given out: some devices take them for 0. */
const LEAST_NORMAL = 2 ** -126;

/**
 * What an owner tells items apart by: the numeric attribute with the most distinct numbers. Each
 * item that is sent gets a number of its own, next to the one it would have had, so that there is a
 * filter that lets this version of this item through and nothing else.
 */
export class ItemKey {
  readonly name: string;
  readonly #column: NumericColumn;
  /** Those of the catalogue as it was built, ascending. */
  readonly #built: Float32Array;
  readonly #given = new Set<number>();
  /** Number -> the last one that was given out beside it. */
  readonly #last = new Map<number, number>();

  /** @throws HarnessError BAD_INPUT where the items have no numeric attribute. */
  constructor({ columns }: Pick<Catalogue, "columns">) {
    let best: { readonly column: NumericColumn; readonly numbers: Float32Array } | null = null;
    let most = 0;
    for (const column of columns) {
      if (column.kind !== "numeric") continue;
      const numbers = column.values.filter(Number.isFinite).toSorted();
      const distinct = distinctAmong(numbers);
      if (distinct <= most) continue;
      most = distinct;
      best = { column, numbers };
    }
    if (best === null) {
      throw new HarnessError("BAD_INPUT", "no numeric attribute tells the items apart", {
        where: "updates",
        hint: "updates are looked for by a number of their own; give the items one, as a time or a price",
      });
    }
    this.name = best.column.name;
    this.#column = best.column;
    this.#built = best.numbers;
  }

  /** A number that no item has or ever had, close to that of a row. */
  besideRow(row: number): number {
    const held = this.#column.values[row]!;
    const near = Number.isFinite(held) ? held : this.#built[this.#built.length >>> 1]!;
    let number = this.#last.get(near) ?? near;
    do number = nextFloat(number);
    while (this.#given.has(number) || this.#countOf(number) > 0);
    this.#given.add(number);
    this.#last.set(near, number);
    return number;
  }

  /** The number of a row as it was built, where no other row has it; else null. */
  ownOf(row: number): number | null {
    const number = this.#column.values[row]!;
    return this.#countOf(number) === 1 ? number : null;
  }

  /** The filter that lets through what has the number. */
  filterFor(number: number): string {
    return printFilter({ kind: "compare", name: this.name, op: "=", value: number });
  }

  /** Rows that were built with a number. */
  #countOf(number: number): number {
    const built = this.#built;
    let at = firstNotBelow(built, number);
    let count = 0;
    for (; at < built.length && built[at] === number; at++) count++;
    return count;
  }
}

/** @param numbers ascending. */
function distinctAmong(numbers: Float32Array): number {
  let distinct = 0;
  for (let at = 0; at < numbers.length; at++) {
    if (at === 0 || numbers[at] !== numbers[at - 1]) distinct++;
  }
  return distinct;
}

/** @param numbers ascending. */
function firstNotBelow(numbers: Float32Array, number: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** Behind the last one the search begins again, at the least above 0. */
function nextFloat(number: number): number {
  if (number === 0) return LEAST_NORMAL;
  float[0] = number;
  bits[0] = bits[0]! + (number > 0 ? 1 : -1);
  const next = float[0];
  if (!Number.isFinite(next)) return LEAST_NORMAL;
  return Math.abs(next) < LEAST_NORMAL ? 0 : next;
}
