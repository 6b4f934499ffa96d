import type { LiveItem } from "../retrieval/live-item.ts";
import type { Catalogue, CategoricalColumn, Column } from "../retrieval/catalogue.ts";

/** What happened to a catalogue since it was built. */
export interface CatalogueChanges {
  /** The newest version of each item that was added or replaced. */
  readonly items: readonly LiveItem[];
  /** Ids that were deleted. */
  readonly deleted: Float64Array;
}

/**
 * The catalogue as it is after the changes: what was deleted or replaced is left out, and fresh
 * items follow the others in the order in which they came.
 */
export function foldedCatalogue(base: Catalogue, { items, deleted }: CatalogueChanges): Catalogue {
  const gone = new Set([...deleted, ...items.map(({ id }) => id)]);
  const kept = Uint32Array.from(base.ids.keys()).filter((row) => !gone.has(base.ids[row]!));
  const { dim, denseDim } = base;
  const ids = new Float64Array(kept.length + items.length);
  for (const [at, row] of kept.entries()) ids[at] = base.ids[row]!;
  ids.set(
    items.map(({ id }) => id),
    kept.length,
  );
  return {
    count: ids.length,
    dim,
    ids,
    embeddings: joined(
      { values: base.embeddings, width: dim, kept },
      items.map(({ embedding }) => embedding),
    ),
    columns: base.columns.map((column) => foldedColumn(column, kept, items)),
    dense: joined(
      { values: base.dense, width: denseDim, kept },
      items.map(({ dense }) => dense),
    ),
    denseDim,
  };
}

interface KeptRows {
  readonly values: Float32Array;
  readonly width: number;
  readonly kept: Uint32Array;
}

function joined({ values, width, kept }: KeptRows, fresh: readonly Float32Array[]): Float32Array {
  const all = new Float32Array((kept.length + fresh.length) * width);
  for (const [at, row] of kept.entries()) {
    all.set(values.subarray(row * width, (row + 1) * width), at * width);
  }
  for (const [at, vector] of fresh.entries()) all.set(vector, (kept.length + at) * width);
  return all;
}

function foldedColumn(column: Column, kept: Uint32Array, items: readonly LiveItem[]): Column {
  if (column.kind === "categorical") return foldedCategories(column, kept, items);
  const values = new Float32Array(kept.length + items.length);
  for (const [at, row] of kept.entries()) values[at] = column.values[row]!;
  for (const [at, { attributes }] of items.entries()) {
    const held = attributes.get(column.name);
    values[kept.length + at] = typeof held === "number" ? held : NaN;
  }
  return { ...column, values };
}

function foldedCategories(
  column: CategoricalColumn,
  kept: Uint32Array,
  items: readonly LiveItem[],
): CategoricalColumn {
  const vocabulary = [...column.vocabulary];
  const codes = new Map(vocabulary.map((value, code) => [value, code]));
  const codeOf = (value: string): number => {
    const known = codes.get(value);
    if (known !== undefined) return known;
    const code = vocabulary.push(value) - 1;
    codes.set(value, code);
    return code;
  };
  const offsets = new Uint32Array(kept.length + items.length + 1);
  const values: number[] = [];
  for (const [at, row] of kept.entries()) {
    for (let i = column.offsets[row]!; i < column.offsets[row + 1]!; i++) {
      values.push(column.values[i]!);
    }
    offsets[at + 1] = values.length;
  }
  for (const [at, { attributes }] of items.entries()) {
    const held = attributes.get(column.name) ?? [];
    if (typeof held !== "number") values.push(...held.map(codeOf).toSorted((a, b) => a - b));
    offsets[kept.length + at + 1] = values.length;
  }
  return { ...column, vocabulary, offsets, values: Uint32Array.from(values) };
}
