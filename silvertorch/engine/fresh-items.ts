import { ELEMENT_TYPES, type HostTensor } from "../../src/onnx/element-type.ts";
import { allTables } from "../compile/fresh-tables.ts";
import type { FreshTable, FreshTables } from "../graph/fresh-ranking.ts";
import type { EngineQuery } from "./query.ts";

/** Items that came after the artifact was compiled, as they were when a batch began. */
export interface FreshItems {
  readonly count: number;
  /** Embeddings and tables, by the inputs' names; anew at each call, for they are handed over. */
  tensors(): Record<string, HostTensor>;
}

/** So many items of zeros: none, or what a warm-up runs with. */
export function blankItems(dim: number, tables: FreshTables, count: number): FreshItems {
  const inputs = [embeddingTable(dim), ...allTables(tables)];
  return {
    count,
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

/** The inputs of a graph that ranks fresh items, see graph/fresh-ranking.ts. */
export function freshFeeds(
  queries: readonly EngineQuery[],
  items: FreshItems,
): Record<string, HostTensor> {
  const { count } = items;
  const penalties = new Float32Array(queries.length * count);
  for (const [at, { freshPenalties }] of queries.entries()) {
    if (freshPenalties !== undefined) penalties.set(freshPenalties, at * count);
  }
  return {
    ...items.tensors(),
    has_fresh: { type: "bool", dims: [], data: Uint8Array.of(Number(count > 0)) },
    fresh_penalties: { type: "float32", dims: [queries.length, count], data: penalties },
  };
}

function zerosOf({ type, width }: FreshTable, count: number): HostTensor {
  const bytes = new ArrayBuffer(count * (width ?? 1) * ELEMENT_TYPES[type].bytes);
  const data = type === "bool" ? new Uint8Array(bytes) : new Float32Array(bytes);
  return { type, dims: width === null ? [count] : [count, width], data };
}
