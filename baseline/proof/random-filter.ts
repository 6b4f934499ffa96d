import type { Random } from "../../src/math/random.ts";
import type { Catalogue, Column } from "../../src/retrieval/catalogue.ts";

/** Nesting of the deepest filters. */
const DEEPEST = 8;

/** Filters that nothing, everything or a single item passes, and trees of any depth over all columns. */
export class RandomFilter {
  readonly #catalogue: Catalogue;
  readonly #random: Random;

  constructor(catalogue: Catalogue, random: Random) {
    this.#catalogue = catalogue;
    this.#random = random;
  }

  /** @returns its text, and what kind it is. */
  next(): { readonly kind: FilterKind; readonly filter: string } {
    const kind = KINDS[this.#random.int(KINDS.length)]!;
    switch (kind) {
      case "none given":
        return { kind, filter: "" };
      case "nothing passes":
        return { kind, filter: `(${this.#tree(2)}) AND u < 0` };
      case "all pass":
        return { kind, filter: `(${this.#tree(2)}) OR u >= 0` };
      case "one item":
        return { kind, filter: this.#onlyItem() };
      case "flat":
        return { kind, filter: this.#tree(1) };
      case "deep":
        return { kind, filter: this.#tree(3 + this.#random.int(DEEPEST - 2)) };
    }
  }

  #tree(depth: number): string {
    if (depth === 0) return this.#term();
    const parts = Array.from({ length: 1 + this.#random.int(3) }, () =>
      this.#tree(this.#random.int(2) === 0 ? depth - 1 : 0),
    );
    const joined = parts.join(this.#random.int(2) === 0 ? " AND " : " OR ");
    return this.#random.int(4) === 0 ? `NOT (${joined})` : `(${joined})`;
  }

  #term(): string {
    const { columns, count } = this.#catalogue;
    const column = columns[this.#random.int(columns.length)]!;
    const row = this.#random.int(count);
    if (column.kind === "numeric") {
      const number = column.values[row]!;
      const op = OPS[this.#random.int(OPS.length)]!;
      return `${column.name} ${op} ${Number.isNaN(number) ? 1 : number}`;
    }
    if (this.#random.int(3) > 0) return `${column.name}:${this.#valueNear(column, row)}`;
    const values = Array.from({ length: 1 + this.#random.int(4) }, () =>
      this.#valueNear(column, this.#random.int(count)),
    );
    return `${column.name} IN (${values.join(", ")})`;
  }

  /** A value that a row has, or any where it has none. */
  #valueNear(column: Extract<Column, { kind: "categorical" }>, row: number): string {
    const { offsets, values, vocabulary } = column;
    const [from, to] = [offsets[row]!, offsets[row + 1]!];
    const code =
      from === to
        ? this.#random.int(vocabulary.length)
        : values[from + this.#random.int(to - from)]!;
    return vocabulary[code]!;
  }

  /** `u` is drawn for each item, so that no two have the same. */
  #onlyItem(): string {
    const { columns, count } = this.#catalogue;
    const u = columns.find(({ name }) => name === "u");
    if (u?.kind !== "numeric") throw new TypeError("a catalogue without u");
    return `u = ${u.values[this.#random.int(count)]!}`;
  }
}

const KINDS = ["none given", "nothing passes", "all pass", "one item", "flat", "deep"] as const;

export type FilterKind = (typeof KINDS)[number];

const OPS = ["<", "<=", ">", ">=", "=", "!="];
