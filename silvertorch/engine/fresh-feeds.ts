import { hasBit, wordsFor } from "../../src/math/bit-words.ts";
import { elementCount, type HostTensor } from "../../src/onnx/element-type.ts";
import type { DeviceForm } from "../graph/device-form.ts";
import { FRESH_BLOCK } from "../graph/fresh-scoring.ts";
import type { FreshItems, HiddenRows } from "./fresh-items.ts";
import type { EngineQuery, FreshOpen } from "./query.ts";

type Form = Pick<DeviceForm, "freshItems">;

/** An input of graphs that take what is hidden out of the scores, see graph/exclusion.ts. */
export const hiddenFeeds = ({ rows }: HiddenRows): Record<string, HostTensor> => ({
  hidden_rows: { type: "int32", dims: [rows.length], data: new Int32Array(rows) },
});

/**
 * The inputs of a graph that ranks fresh items, see graph/fresh-ranking.ts. Queries share which
 * fresh items they may get as they share their filters.
 */
export function rankedFeeds(
  queries: readonly EngineQuery[],
  items: FreshItems,
  form: Form,
): Record<string, HostTensor> {
  const { count } = items;
  return {
    ...items.tensors(),
    has_fresh: { type: "bool", dims: [], data: Uint8Array.of(Number(count > 0)) },
    ...openFeeds(queries, { count, form }),
  };
}

/**
 * The inputs of a graph that scores fresh items beside the answer, see graph/fresh-scoring.ts and
 * graph/fresh-entering.ts.
 * @param items float32 [count, dim].
 */
export function scoredFeeds(
  queries: readonly EngineQuery[],
  items: HostTensor,
  form: Form,
): Record<string, HostTensor> {
  if (form.freshItems === "chosen") return { fresh_items: items };
  const count = items.dims[0]!;
  const blocks = Math.max(1, Math.ceil(count / FRESH_BLOCK));
  const { words, openings, openOf } = openWords(queries, { count, places: FRESH_BLOCK * blocks });
  return {
    fresh_items: padded(items, FRESH_BLOCK * blocks),
    fresh_open_of: openOf,
    // A word is a block's.
    fresh_open_words: {
      type: "int32",
      dims: [openings, blocks],
      data: new Int32Array(words.buffer),
    },
  };
}

/** A table of some rows with rows of zeros behind, on shared memory as far as it was. */
function padded(table: HostTensor, rows: number): HostTensor {
  const { dims, data } = table;
  const wider = { ...table, dims: [rows, ...dims.slice(1)] };
  // Whoever copies what is shared fills it up.
  if (table.appendedTo !== undefined) return wider;
  const zeros = new Float32Array(elementCount(wider.dims));
  zeros.set(data as Float32Array);
  return { ...wider, data: zeros };
}

/** The inputs of `freshPenalties`, see graph/fresh-openness.ts. */
function openFeeds(
  queries: readonly EngineQuery[],
  { count, form }: { readonly count: number; readonly form: Form },
): Record<string, HostTensor> {
  const { words, openings, openOf } = openWords(queries, { count, places: count });
  const width = wordsFor(count);
  if (form.freshItems === "chosen") {
    const penalties = new Float32Array(openings * count);
    for (let at = 0; at < penalties.length; at++) {
      const place = at % count;
      const row = (at - place) / count;
      if (!hasBit(words, 32 * width * row + place)) penalties[at] = -Infinity;
    }
    const dims = [openings, count];
    return { fresh_open_of: openOf, fresh_penalties: { type: "float32", dims, data: penalties } };
  }
  const dims = [openings, 4 * width];
  const fresh_open: HostTensor = { type: "uint8", dims, data: new Uint8Array(words.buffer) };
  return { fresh_open_of: openOf, fresh_open };
}

/** Which fresh items each query may get. Queries that may get the same share an opening. */
interface OpenWords {
  /** A bit a place, `wordsFor(places)` words an opening. */
  readonly words: Uint32Array<ArrayBuffer>;
  readonly openings: number;
  /** int32 [batch] */
  readonly openOf: HostTensor;
}

/** @param places at least as many as there are items; those behind them nobody may get. */
function openWords(
  queries: readonly EngineQuery[],
  { count, places }: { readonly count: number; readonly places: number },
): OpenWords {
  const rows = new Map<FreshOpen | undefined, number>();
  const openOf = Int32Array.from(queries, ({ freshOpen }) => {
    const row = rows.get(freshOpen) ?? rows.size;
    rows.set(freshOpen, row);
    return row;
  });
  const width = wordsFor(places);
  const words = new Uint32Array(rows.size * width);
  for (const [of, row] of rows) words.set((of ?? allOpen(count)).words, row * width);
  return {
    words,
    openings: rows.size,
    openOf: { type: "int32", dims: [queries.length], data: openOf },
  };
}

function allOpen(count: number): FreshOpen {
  const words = new Uint32Array(wordsFor(count)).fill(0xffffffff);
  if (count % 32 > 0) words[words.length - 1] = 2 ** (count % 32) - 1;
  return { count, words };
}
