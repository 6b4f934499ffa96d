import { ELEMENT_TYPES, elementCount, type HostTensor } from "../../src/onnx/element-type.ts";
import { allTables } from "../compile/fresh-tables.ts";
import type { FreshTable, FreshTables } from "../graph/fresh-ranking.ts";
import type { DeviceForm } from "../graph/device-form.ts";
import type { EngineQuery, FreshOpen } from "./query.ts";

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

/** An input of graphs that take what is hidden out of the scores, see graph/exclusion.ts. */
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
 * The inputs of a graph that ranks fresh items, see graph/fresh-ranking.ts. Queries share which
 * fresh items they may get as they share their filters.
 */
export function freshFeeds(
  queries: readonly EngineQuery[],
  items: FreshItems,
  form: DeviceForm,
): Record<string, HostTensor> {
  const { count } = items;
  return {
    ...items.tensors(),
    has_fresh: { type: "bool", dims: [], data: Uint8Array.of(Number(count > 0)) },
    ...openFeeds(queries, { count, places: count, form }),
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

/**
 * The inputs of `freshPenalties`, see graph/fresh-openness.ts.
 * @param places at least as many as there are items; those behind them nobody may get.
 */
export function openFeeds(
  queries: readonly EngineQuery[],
  { count, places, form }: FreshPlaces,
): Record<string, HostTensor> {
  const rows = new Map<FreshOpen | undefined, number>();
  const openOf = Int32Array.from(queries, ({ freshOpen }) => {
    const row = rows.get(freshOpen) ?? rows.size;
    rows.set(freshOpen, row);
    return row;
  });
  const width = Math.ceil(places / 32);
  const words = new Uint32Array(rows.size * width);
  for (const [of, row] of rows) words.set((of ?? allOpen(count)).words, row * width);
  const shared: Record<string, HostTensor> = {
    fresh_open_of: { type: "int32", dims: [queries.length], data: openOf },
  };
  if (form.freshItems === "chosen") {
    const penalties = new Float32Array(rows.size * places);
    for (let at = 0; at < penalties.length; at++) {
      const place = at % places;
      const word = words[width * ((at - place) / places) + (place >>> 5)]!;
      if (((word >>> (place & 31)) & 1) === 0) penalties[at] = -Infinity;
    }
    const dims = [rows.size, places];
    return { ...shared, fresh_penalties: { type: "float32", dims, data: penalties } };
  }
  const dims = [rows.size, 4 * width];
  return { ...shared, fresh_open: { type: "uint8", dims, data: new Uint8Array(words.buffer) } };
}

export interface FreshPlaces {
  /** Fresh items. */
  readonly count: number;
  /** Of a row of the graph's. */
  readonly places: number;
  readonly form: Pick<DeviceForm, "freshItems">;
}

/** Whether an item may be returned. */
export const isOpen = ({ words }: FreshOpen, item: number): boolean =>
  ((words[item >>> 5]! >>> (item & 31)) & 1) !== 0;

function allOpen(count: number): FreshOpen {
  const words = new Uint32Array(Math.ceil(count / 32)).fill(0xffffffff);
  if (count % 32 > 0) words[words.length - 1] = 2 ** (count % 32) - 1;
  return { count, words };
}

function zerosOf({ type, width }: FreshTable, count: number): HostTensor {
  const bytes = new ArrayBuffer(count * (width ?? 1) * ELEMENT_TYPES[type].bytes);
  const data = type === "bool" ? new Uint8Array(bytes) : new Float32Array(bytes);
  return { type, dims: width === null ? [count] : [count, width], data };
}
