import { ELEMENT_TYPES, type HostTensor } from "../../src/onnx/element-type.ts";
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

export const NOTHING_HIDDEN = hiddenRows(new Uint32Array(0));

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

function zerosOf({ type, width }: FreshTable, count: number): HostTensor {
  const bytes = new ArrayBuffer(count * (width ?? 1) * ELEMENT_TYPES[type].bytes);
  const data = type === "bool" ? new Uint8Array(bytes) : new Float32Array(bytes);
  return { type, dims: width === null ? [count] : [count, width], data };
}
