import { formulaColumnTensor, formulaMatchTensor } from "../../compile/formula-columns.ts";
import type { WeightsReader } from "../../compile/weights-reader.ts";
import { STORAGE, type GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid, type Kernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { bindingOffset, type Fill, UPLOAD_BYTES, Uploads } from "../../device/uploads.ts";
import type { ItemRecord, RecordPart } from "../../kernels/ranking/item-record.ts";
import { packRecordsKernel } from "../../kernels/ranking/pack-records.ts";
import { asWords, readRows } from "../fused/places.ts";
import { chunkRows } from "./load-table.ts";

/** The records of neighbouring items, as many as one binding takes. */
export interface RecordChunk {
  readonly firstRow: number;
  readonly rows: number;
  /** vec4<u32> [rows, words / 4] */
  readonly buffer: GPUBuffer;
}

/** Where a part's numbers come from. */
export interface PartSource {
  readonly part: RecordPart;
  /** Of float32 [items, groups x length], by row, or by place. */
  readonly tensor: string;
  readonly byPlace: boolean;
}

export interface RecordsOptions {
  readonly record: ItemRecord;
  readonly items: number;
  readonly sources: readonly PartSource[];
  /** The most rows of a chunk; absent: as many as a binding takes. */
  readonly rowsOfChunk?: number | undefined;
}

/**
 * Makes the records of all items on the device: reads a few stretches of the artifact at a time and
 * has a kernel bring them into place.
 *
 * @throws HarnessError DATA if the artifact is damaged, UNAVAILABLE if the device has no room.
 */
export async function loadRecords(
  device: GpuDevice,
  reader: WeightsReader,
  options: RecordsOptions,
): Promise<RecordChunk[]> {
  const chunks = emptyRecords(device, options);
  const { record, items } = options;
  if (record.words === 0) return chunks;
  await using uploads = new Uploads(device);
  const ends = { reader, chunks, recordWords: record.words, items };
  const loader = new RecordLoader(device, uploads, ends);
  for (const source of options.sources) await loader.place(source);
  const { flagWords, matches, numbers } = record.attributes;
  const word = (nth: number): RecordPart => attributeWord(record, nth);
  for (let nth = 0; nth < flagWords; nth++) {
    await loader.placeFlags(word(nth), 32 * nth, Math.min(32, matches.size - 32 * nth));
  }
  for (const [column, nth] of numbers) {
    const tensor = formulaColumnTensor(column);
    await loader.place({ part: word(nth), tensor, byPlace: false });
  }
  await uploads.finish();
  return chunks;
}

/** All that a record is made of: the OverArch's parts, then the words of the attributes. */
export const recordParts = (record: ItemRecord): readonly RecordPart[] => [
  ...record.parts,
  ...Array.from({ length: record.attributes.words }, (_, nth) => attributeWord(record, nth)),
];

const attributeWord = ({ attributes: { at } }: ItemRecord, nth: number): RecordPart => ({
  precision: "float32",
  at: at + nth,
  interleaved: false,
  groups: 1,
  length: 1,
  words: 1,
});

/** Records of zeros. */
export function emptyRecords(
  device: GpuDevice,
  { record, items, rowsOfChunk }: Omit<RecordsOptions, "sources">,
): RecordChunk[] {
  const most = rowsOfChunk ?? (record.words === 0 ? items : chunkRows(device, 4 * record.words));
  const chunks: RecordChunk[] = [];
  for (let firstRow = 0; firstRow < items; firstRow += most) {
    const rows = Math.min(most, items - firstRow);
    const buffer = device.buffer("ranking.records", 4 * record.words * rows, STORAGE);
    chunks.push({ firstRow, rows, buffer });
  }
  return chunks;
}

interface Ends {
  readonly reader: WeightsReader;
  readonly chunks: readonly RecordChunk[];
  readonly recordWords: number;
  readonly items: number;
}

/** Numbers on their way into the records. */
interface Piece {
  readonly first: number;
  readonly places: number;
  /** Bytes of their rows, which come first, and of the numbers themselves. */
  readonly rowBytes: number;
  readonly bytes: number;
}

class RecordLoader {
  readonly #device: GpuDevice;
  readonly #uploads: Uploads;
  readonly #ends: Ends;

  constructor(device: GpuDevice, uploads: Uploads, ends: Ends) {
    this.#device = device;
    this.#uploads = uploads;
    this.#ends = ends;
  }

  /** Places the numbers of a tensor. */
  async place({ part, tensor, byPlace }: PartSource): Promise<void> {
    const { reader, items } = this.#ends;
    const kernel = await this.#kernel(part, byPlace);
    const places = reader.tensor(tensor).dims[0]!;
    const each = 4 * part.groups * part.length;
    const most = Math.max(1, Math.floor(UPLOAD_BYTES / (each + 4)));
    // The places of clusters, some of which are empty.
    const source = { weights: reader, shape: { hasPositions: true }, items };
    for (let first = 0; first < places; first += most) {
      const count = Math.min(most, places - first);
      const rowBytes = byPlace ? bindingOffset(4 * count) : 0;
      const piece = { first, places: count, rowBytes, bytes: count * each };
      await this.#place(kernel, piece, async (into) => {
        if (byPlace) await readRows(source, first, asWords(into.subarray(0, 4 * count)));
        await reader.read(tensor, first * each, into.subarray(rowBytes));
      });
    }
  }

  /** Places a word of bits: whether an item satisfies each of some matches. */
  async placeFlags(part: RecordPart, firstMatch: number, matches: number): Promise<void> {
    const { reader, items } = this.#ends;
    const kernel = await this.#kernel(part, false);
    const most = UPLOAD_BYTES / 4;
    for (let first = 0; first < items; first += most) {
      const count = Math.min(most, items - first);
      await this.#place(
        kernel,
        { first, places: count, rowBytes: 0, bytes: 4 * count },
        async (into) => {
          const words = asWords(into).fill(0);
          const flags = new Uint8Array(count);
          for (let bit = 0; bit < matches; bit++) {
            await reader.read(formulaMatchTensor(firstMatch + bit), first, flags);
            for (let at = 0; at < count; at++) words[at]! |= flags[at]! << bit;
          }
        },
      );
    }
  }

  #kernel(part: RecordPart, byPlace: boolean): Promise<Kernel> {
    const { recordWords } = this.#ends;
    return compileKernel(this.#device, "pack", packRecordsKernel(part, { recordWords, byPlace }));
  }

  async #place(kernel: Kernel, piece: Piece, fill: Fill): Promise<void> {
    const { rowBytes, bytes } = piece;
    await this.#uploads.place(rowBytes + bytes, fill, (recorder, buffer) => {
      // Where there are no rows, the kernel looks at none.
      const rows = { buffer, offset: 0, size: rowBytes === 0 ? bytes : rowBytes };
      const numbers = { buffer, offset: rowBytes, size: bytes };
      return this.#pack(recorder, kernel, piece, [numbers, rows]);
    });
  }

  /** Records the kernel for each chunk; what it needs for that is of no use afterwards. */
  #pack(
    recorder: Recorder,
    kernel: Kernel,
    { first, places }: Piece,
    sources: readonly GPUBufferBinding[],
  ): GPUBuffer[] {
    const device = this.#device;
    return this.#ends.chunks.map(({ firstRow, rows, buffer }) => {
      const params = device.bufferOf("pack", Uint32Array.of(first, places, firstRow, rows));
      recorder.run(bind(device, kernel, [params, ...sources, buffer]), linearGrid(places));
      return params;
    });
  }
}
