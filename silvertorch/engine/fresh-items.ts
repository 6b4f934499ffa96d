import { ELEMENT_TYPES, elementCount, type HostTensor } from "../../src/onnx/element-type.ts";
import { allTables } from "../compile/fresh-tables.ts";
import type { FreshTable, FreshTables } from "../graph/fresh-ranking.ts";
import type { EngineQuery } from "./query.ts";

/** What changed since the artifact was compiled, as it was when a batch began. */
export interface FreshItems {
  /** Items that came. */
  readonly count: number;
  readonly hidden: HiddenRows;
  /** Embeddings and tables, by the inputs' names; whoever hands memory over copies them. */
  tensors(): Record<string, HostTensor>;
}

/** Compiled rows that must not be found any more. */
export interface HiddenRows {
  /** Ascending, for what goes through memory in its order is fast to take out of the scores. */
  readonly rows: Uint32Array;
  readonly all: ReadonlySet<number>;
}

/** @param rows ascending. */
export function hiddenRows(rows: Uint32Array): HiddenRows {
  let all: ReadonlySet<number> | null = null;
  return {
    rows,
    // Not every engine asks for it, and what is hidden changes often.
    get all() {
      all ??= new Set(rows);
      return all;
    },
  };
}

const NOTHING_HIDDEN = hiddenRows(new Uint32Array(0));

/** The queries as if each excluded what is hidden: each row once, for what is left is counted by them. */
export function hiding(queries: readonly EngineQuery[], of: HiddenRows): readonly EngineQuery[] {
  const { rows: hidden } = of;
  if (hidden.length === 0) return queries;
  const { all } = of;
  return queries.map((query) => {
    const visible = query.exclude.filter((row) => !all.has(row));
    if (visible.length === 0) return { ...query, exclude: hidden };
    const exclude = new Uint32Array(visible.length + hidden.length);
    exclude.set(visible);
    exclude.set(hidden, visible.length);
    return { ...query, exclude };
  });
}

/** The input of a graph that takes what is hidden apart, see graph/exclusion.ts. */
export const hiddenFeeds = ({ rows }: HiddenRows): Record<string, HostTensor> => ({
  hidden_rows: { type: "int32", dims: [rows.length], data: new Int32Array(rows) },
});

/** So many items of zeros: none, or what a warm-up runs with. */
export function blankItems(dim: number, tables: FreshTables, count: number): FreshItems {
  const inputs = [embeddingTable(dim), ...allTables(tables)];
  return {
    count,
    hidden: NOTHING_HIDDEN,
    tensors: () =>
      Object.fromEntries(
        inputs.map((table): [string, HostTensor] => [table.name, zerosOf(table, count)]),
      ),
  };
}

/** The graph's input of the embeddings, as a table among the others. */
export const embeddingTable = (dim: number): FreshTable => ({
  name: "fresh_items",
  type: "float32",
  width: dim,
});

/**
 * The inputs of a graph that ranks fresh items, see graph/fresh-ranking.ts. Queries share what bars
 * fresh items from them as they share their filters.
 */
export function freshFeeds(
  queries: readonly EngineQuery[],
  items: FreshItems,
): Record<string, HostTensor> {
  const { count } = items;
  return {
    ...items.tensors(),
    has_fresh: { type: "bool", dims: [], data: Uint8Array.of(Number(count > 0)) },
    ...penaltyFeeds(queries, count),
  };
}

/** A table of some rows with rows of zeros behind, on shared memory as far as it was. */
export function padded(table: HostTensor, rows: number): HostTensor {
  const { dims, data } = table;
  const wider = { ...table, dims: [rows, ...dims.slice(1)] };
  // Whoever copies what is shared fills it up.
  if (table.appendedTo !== undefined) return wider;
  const zeros = new Float32Array(elementCount(wider.dims));
  zeros.set(data as Float32Array);
  return { ...wider, data: zeros };
}

/** What bars how many fresh items from each query. @param places of a row; those behind the items are barred. */
export function penaltyFeeds(
  queries: readonly EngineQuery[],
  count: number,
  places = count,
): Record<string, HostTensor> {
  const rows = new Map<Float32Array | undefined, number>();
  const penaltiesOf = Int32Array.from(queries, ({ freshPenalties }) => {
    const row = rows.get(freshPenalties) ?? rows.size;
    rows.set(freshPenalties, row);
    return row;
  });
  const penalties = new Float32Array(rows.size * places);
  for (const [of, row] of rows) {
    if (of !== undefined) penalties.set(of, row * places);
    penalties.fill(-Infinity, row * places + count, (row + 1) * places);
  }
  return {
    fresh_penalties: { type: "float32", dims: [rows.size, places], data: penalties },
    fresh_penalties_of: { type: "int32", dims: [queries.length], data: penaltiesOf },
  };
}

function zerosOf({ type, width }: FreshTable, count: number): HostTensor {
  const bytes = new ArrayBuffer(count * (width ?? 1) * ELEMENT_TYPES[type].bytes);
  const data = type === "bool" ? new Uint8Array(bytes) : new Float32Array(bytes);
  return { type, dims: width === null ? [count] : [count, width], data };
}
