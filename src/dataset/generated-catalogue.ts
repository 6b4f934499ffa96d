import { setImmediate } from "node:timers/promises";
import type { Catalogue, Column } from "../retrieval/catalogue.ts";
import {
  AttributeDraw,
  GENERATED_COLUMNS,
  NO_CODE,
  type GeneratedColumn,
} from "../retrieval/generated/generated-columns.ts";
import type { GeneratedItems } from "../retrieval/generated/generated-items.ts";

/** Id of the first item: the others follow it. Ids are not rows, so a mix-up cannot go unseen. */
export const FIRST_GENERATED_ID = 5_000_000_000;

/** Rows between turns of the event loop. */
const ROWS_A_TURN = 1 << 20;

/**
 * A generated catalogue in memory: ids and attributes stand in arrays (about 50 bytes an item), for
 * filters are evaluated column by column; the vectors, ten times as large, are computed when asked for.
 */
export async function generatedCatalogue(generated: GeneratedItems): Promise<Catalogue> {
  const { items, dim, seed } = generated;
  const ids = new Float64Array(new SharedArrayBuffer(8 * items));
  for (let row = 0; row < items; row++) ids[row] = FIRST_GENERATED_ID + row;
  const draw = new AttributeDraw(seed);
  const columns: Column[] = [];
  for (const [at, column] of GENERATED_COLUMNS.entries()) {
    columns.push(await drawColumn(column, at, { items, draw }));
  }
  const none = new Float32Array(0);
  return { count: items, dim, embeddings: none, generated, ids, columns, dense: none, denseDim: 0 };
}

async function drawColumn(
  { name, values, most }: GeneratedColumn,
  at: number,
  { items, draw }: { readonly items: number; readonly draw: AttributeDraw },
): Promise<Column> {
  const first = new Uint16Array(ROWS_A_TURN);
  if (values.kind === "numeric") {
    const numbers = new Float32Array(new SharedArrayBuffer(4 * items));
    await inTurns(items, (from, to) => {
      draw.fill(at, { from, to, first, second: null });
      placeNumbers(first, values.distinct, numbers.subarray(from, to));
    });
    return { kind: "numeric", name, values: numbers };
  }
  const { vocabulary } = values;
  const offsets = new Uint32Array(new SharedArrayBuffer(4 * (items + 1)));
  const codes = new Uint32Array(new SharedArrayBuffer(4 * items * most));
  const second = new Uint16Array(ROWS_A_TURN).fill(NO_CODE);
  let filled = 0;
  await inTurns(items, (from, to) => {
    draw.fill(at, { from, to, first, second: most === 1 ? null : second });
    filled = placeCodes({ first, second }, codes, offsets.subarray(from + 1, to + 1), filled);
  });
  return { kind: "categorical", name, vocabulary, offsets, values: codes.subarray(0, filled) };
}

function placeNumbers(ranks: Uint16Array, distinct: Float32Array, numbers: Float32Array): void {
  for (let at = 0; at < numbers.length; at++) {
    const rank = ranks[at]!;
    numbers[at] = rank === NO_CODE ? Number.NaN : distinct[rank]!;
  }
}

/**
 * Appends the codes of neighbouring items, those of each ascending.
 * @param offsets where each of the items ends.
 * @param filled codes before them; returns those after them.
 */
function placeCodes(
  { first, second }: { readonly first: Uint16Array; readonly second: Uint16Array },
  codes: Uint32Array,
  offsets: Uint32Array,
  filled: number,
): number {
  let next = filled;
  for (let at = 0; at < offsets.length; at++) {
    const one = first[at]!;
    const other = second[at]!;
    if (other < one) codes[next++] = other;
    codes[next++] = one;
    if (other > one && other !== NO_CODE) codes[next++] = other;
    offsets[at] = next;
  }
  return next;
}

/** Goes over all rows in stretches, and lets the event loop run between them. */
async function inTurns(rows: number, each: (from: number, to: number) => void): Promise<void> {
  for (let from = 0; from < rows; from += ROWS_A_TURN) {
    each(from, Math.min(rows, from + ROWS_A_TURN));
    await setImmediate();
  }
}
