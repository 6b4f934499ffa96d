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

interface Drawing {
  readonly items: number;
  readonly draw: AttributeDraw;
}

async function drawColumn(
  { name, values, most }: GeneratedColumn,
  at: number,
  { items, draw }: Drawing,
): Promise<Column> {
  if (values.kind === "numeric") {
    const { distinct } = values;
    const numbers = new Float32Array(new SharedArrayBuffer(4 * items));
    await inTurns(items, (row) => {
      const rank = draw.first(draw.key(row), at);
      numbers[row] = rank === NO_CODE ? Number.NaN : distinct[rank]!;
    });
    return { kind: "numeric", name, values: numbers };
  }
  const offsets = new Uint32Array(new SharedArrayBuffer(4 * (items + 1)));
  const codes = new Uint32Array(new SharedArrayBuffer(4 * items * most));
  let filled = 0;
  await inTurns(items, (row) => {
    const key = draw.key(row);
    const first = draw.first(key, at);
    const second = draw.second(key, at, first);
    if (second < first) codes[filled++] = second;
    codes[filled++] = first;
    if (second !== NO_CODE && second > first) codes[filled++] = second;
    offsets[row + 1] = filled;
  });
  const { vocabulary } = values;
  return { kind: "categorical", name, vocabulary, offsets, values: codes.subarray(0, filled) };
}

/** Calls `each` for every row, and lets the event loop run now and then. */
async function inTurns(rows: number, each: (row: number) => void): Promise<void> {
  for (let start = 0; start < rows; start += ROWS_A_TURN) {
    const end = Math.min(rows, start + ROWS_A_TURN);
    for (let row = start; row < end; row++) each(row);
    await setImmediate();
  }
}
