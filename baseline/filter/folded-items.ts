import type { Column } from "../../src/retrieval/catalogue.ts";
import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import type { Filter } from "../../src/retrieval/filter/grammar.ts";
import type { ItemContent } from "../live/changes.ts";
import { type IndexedColumn, InvertedIndex } from "./inverted-index.ts";
import { NumericIndex, sortColumn } from "./numeric-index.ts";
import { RowBitmap } from "./row-bitmap.ts";

/** What a filter looks at of an item. */
export type Attributes = Pick<ItemContent, "attributes">;

/** There are few of them, and they are made anew as more change. */
const MOST_PREFIXES = 8;

/**
 * Items that changed, with posting lists of their own, beside those of the build: a filter goes
 * through lists of them, not through each. A value that the build has never seen has a code here.
 */
export class FoldedItems {
  readonly count: number;
  readonly #columns: readonly Column[];
  readonly #index: InvertedIndex;

  /**
   * @param items By row.
   * @param columns Names and kinds; vocabularies are the items' own.
   */
  constructor(
    items: ReadonlyMap<number, Attributes>,
    columns: readonly Pick<Column, "kind" | "name">[],
  ) {
    const rows = Uint32Array.from(items.keys()).toSorted();
    const listed = columns.map(({ kind, name }) => {
      const held = Array.from(rows, (row) => items.get(row)!.attributes.get(name));
      return kind === "numeric" ? numeric(name, rows, held) : categorical(name, rows, held);
    });
    this.count = rows.length;
    this.#columns = listed.map(({ column }) => column);
    this.#index = new InvertedIndex(
      rows.length,
      listed.map(({ indexed }) => indexed),
      RowBitmap.of(rows),
    );
  }

  /** The rows that pass. */
  passing(filter: Filter): RowBitmap {
    return this.#index.rowsOf(bindFilter(filter, this.#columns));
  }
}

type Held = readonly string[] | number | undefined;

interface Listed {
  readonly column: Column;
  readonly indexed: IndexedColumn;
}

function numeric(name: string, rows: Uint32Array, held: readonly Held[]): Listed {
  const values = Float32Array.from(held, (value) => (typeof value === "number" ? value : NaN));
  const sorted = sortColumn(values);
  const inRows = { values: sorted.values, rows: sorted.rows.map((at) => rows[at]!) };
  const index = new NumericIndex(inRows, rows.length, MOST_PREFIXES);
  return {
    column: { kind: "numeric", name, values: NO_NUMBERS },
    indexed: { kind: "numeric", index },
  };
}

function categorical(name: string, rows: Uint32Array, held: readonly Held[]): Listed {
  const rowsOf = new Map<string, number[]>();
  for (const [at, values] of held.entries()) {
    for (const value of new Set(typeof values === "object" ? values : [])) {
      const own = rowsOf.get(value);
      if (own === undefined) rowsOf.set(value, [rows[at]!]);
      else own.push(rows[at]!);
    }
  }
  const postings = [...rowsOf.values()].map((own) => RowBitmap.of(Uint32Array.from(own)));
  const vocabulary = [...rowsOf.keys()];
  return {
    column: { kind: "categorical", name, vocabulary, offsets: NO_CODES, values: NO_CODES },
    indexed: { kind: "categorical", postings },
  };
}

const NO_NUMBERS = new Float32Array(0);
const NO_CODES = new Uint32Array(0);
