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
export function foldedCatalogue(base: Catalogue, changes: CatalogueChanges): Catalogue {
  const kept = keptRows(base, changes);
  const fresh = changes.items.map(({ embedding }) => embedding);
  const { dim: width, embeddings: values } = base;
  return {
    ...foldedParts(base, changes, kept),
    embeddings: joined({ values, width, kept }, fresh),
  };
}

/** The same but for the embeddings. @param kept as `keptRows` has it. */
export function foldedParts(
  base: Omit<Catalogue, "embeddings">,
  { items }: CatalogueChanges,
  kept: Uint32Array,
): Omit<Catalogue, "embeddings"> {
  const { dim, denseDim } = base;
  const ids = new Float64Array(kept.length + items.length);
  for (let at = 0; at < kept.length; at++) ids[at] = base.ids[kept[at]!]!;
  ids.set(
    items.map(({ id }) => id),
    kept.length,
  );
  return {
    count: ids.length,
    dim,
    ids,
    columns: base.columns.map((column) => foldedColumn(column, kept, items)),
    dense: joined(
      { values: base.dense, width: denseDim, kept },
      items.map(({ dense }) => dense),
    ),
    denseDim,
  };
}

/** The rows that changes leave as they are: the first of the catalogue after them. */
export function keptRows(
  { ids }: Pick<Catalogue, "ids">,
  { items, deleted }: CatalogueChanges,
): Uint32Array {
  const gone = new Set([...deleted, ...items.map(({ id }) => id)]);
  const kept = new Uint32Array(ids.length);
  let count = 0;
  for (let row = 0; row < ids.length; row++) {
    if (!gone.has(ids[row]!)) kept[count++] = row;
  }
  return kept.subarray(0, count);
}

interface KeptRows {
  readonly values: Float32Array;
  readonly width: number;
  readonly kept: Uint32Array;
}

function joined({ values, width, kept }: KeptRows, fresh: readonly Float32Array[]): Float32Array {
  const all = new Float32Array((kept.length + fresh.length) * width);
  // Neighbours that both stay are copied together: most are.
  for (let at = 0, end = 0; at < kept.length; at = end) {
    const shift = kept[at]! - at;
    while (end < kept.length && kept[end]! - end === shift) end++;
    all.set(values.subarray((at + shift) * width, (end + shift) * width), at * width);
  }
  for (const [at, vector] of fresh.entries()) all.set(vector, (kept.length + at) * width);
  return all;
}

function foldedColumn(column: Column, kept: Uint32Array, items: readonly LiveItem[]): Column {
  if (column.kind === "categorical") return foldedCategories(column, kept, items);
  const values = new Float32Array(kept.length + items.length);
  for (let at = 0; at < kept.length; at++) values[at] = column.values[kept[at]!]!;
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
  const old = new Uint32Array(column.values.length);
  let count = 0;
  for (let at = 0; at < kept.length; at++) {
    const row = kept[at]!;
    const end = column.offsets[row + 1]!;
    for (let i = column.offsets[row]!; i < end; i++) old[count++] = column.values[i]!;
    offsets[at + 1] = count;
  }
  const fresh: number[] = [];
  for (const [at, { attributes }] of items.entries()) {
    const held = attributes.get(column.name) ?? [];
    if (typeof held !== "number") fresh.push(...held.map(codeOf).toSorted((a, b) => a - b));
    offsets[kept.length + at + 1] = count + fresh.length;
  }
  const values = new Uint32Array(count + fresh.length);
  values.set(old.subarray(0, count));
  values.set(fresh, count);
  return { ...column, vocabulary, offsets, values };
}
