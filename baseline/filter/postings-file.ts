import { join } from "node:path";
import { readFlat, writeFlat } from "../../src/dataset/flat-file.ts";
import type { CategoricalColumn, Catalogue, Column } from "../../src/retrieval/catalogue.ts";
import type { IndexedColumn } from "./inverted-index.ts";
import { NumericIndex, type SortedColumn, sortColumn } from "./numeric-index.ts";
import { packRows } from "./pack-rows.ts";
import { RowBitmap } from "./row-bitmap.ts";

// A folder with two files a column, by its position: a categorical one has the bitmap of each code
// (portable roaring, one after the other) and where each starts; a numeric one its rows in order
// of their values, and the values.
const fileOf = (folder: string, position: number, part: string): string =>
  join(folder, `${position}.${part}`);

/** Writes the inverted index of a catalogue into an existing folder. */
export async function writePostings(
  folder: string,
  catalogue: Catalogue,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const write = async (position: number, part: string, data: ArrayBufferView): Promise<void> => {
    await writeFlat(fileOf(folder, position, part), data);
  };
  for (const [position, column] of catalogue.columns.entries()) {
    if (column.kind === "categorical") {
      const { bitmaps, starts } = packPostings(column, catalogue.count);
      await write(position, "postings", bitmaps);
      await write(position, "starts", starts);
    } else {
      const { rows, values } = sortColumn(column.values);
      await write(position, "rows", rows);
      await write(position, "values", values);
    }
    onProgress((position + 1) / catalogue.columns.length);
  }
}

/** @param columns Names and kinds, in the catalogue's order. @param items Rows of the catalogue. */
export async function readPostings(
  folder: string,
  columns: readonly Pick<Column, "kind">[],
  items: number,
): Promise<IndexedColumn[]> {
  const indexed: IndexedColumn[] = [];
  const read = async (position: number, part: string): Promise<SharedArrayBuffer> =>
    (await readFlat(fileOf(folder, position, part), { expectedBytes: null, hash: false })).buffer;
  for (const [position, { kind }] of columns.entries()) {
    if (kind === "categorical") {
      const bytes = new Uint8Array(await read(position, "postings"));
      const starts = new Uint32Array(await read(position, "starts"));
      const postings = Array.from(starts.subarray(1), (end, code) =>
        RowBitmap.deserialize(bytes.subarray(starts[code], end)),
      );
      indexed.push({ kind, postings });
    } else {
      const rows = new Uint32Array(await read(position, "rows"));
      const values = new Float32Array(await read(position, "values"));
      indexed.push({
        kind,
        index: new NumericIndex({ rows, values } satisfies SortedColumn, items),
      });
    }
  }
  return indexed;
}

function packPostings(
  { vocabulary, offsets, values }: CategoricalColumn,
  items: number,
): { bitmaps: Uint8Array; starts: Uint32Array } {
  const packed = transpose(vocabulary.length, offsets, values, items).map(packRows);
  const starts = new Uint32Array(packed.length + 1);
  for (const [code, bytes] of packed.entries()) starts[code + 1] = starts[code]! + bytes.length;
  return { bitmaps: Buffer.concat(packed), starts };
}

/** The rows of each code, ascending. */
function transpose(
  codes: number,
  offsets: Uint32Array,
  values: Uint32Array,
  items: number,
): Uint32Array[] {
  const starts = new Uint32Array(codes + 1);
  for (const code of values) starts[code + 1]!++;
  for (let code = 0; code < codes; code++) starts[code + 1]! += starts[code]!;
  const rows = new Uint32Array(values.length);
  const next = starts.slice();
  for (let row = 0; row < items; row++) {
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) rows[next[values[at]!]!++] = row;
  }
  return Array.from({ length: codes }, (_, code) => rows.subarray(starts[code], starts[code + 1]));
}
