import { formulaColumnTensor, formulaMatchTensor } from "../../compile/formula-columns.ts";
import type { WeightsReader } from "../../compile/weights-reader.ts";
import { STORAGE, type GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid, type Kernel } from "../../device/kernel.ts";
import { PlainRecorder } from "../../device/passes.ts";
import type { ItemRecord, RecordPart } from "../../kernels/ranking/item-record.ts";
import { packRecordsKernel } from "../../kernels/ranking/pack-records.ts";
import { NO_ROW } from "../fused/stages.ts";
import { chunkRows, STAGING_BYTES } from "./load-table.ts";

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
 * Makes the records of all items on the device: reads a stretch of the artifact at a time and has
 * a kernel bring it into place.
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
  const loader = new RecordLoader(device, reader, { chunks, recordWords: record.words, items });
  for (const source of options.sources) await loader.place(source);
  const { at, flagWords, matches, numbers } = record.attributes;
  const word = (nth: number): RecordPart => ({
    precision: "float32",
    at: at + nth,
    interleaved: false,
    groups: 1,
    length: 1,
    words: 1,
  });
  for (let nth = 0; nth < flagWords; nth++) {
    await loader.placeFlags(word(nth), 32 * nth, Math.min(32, matches.size - 32 * nth));
  }
  for (const [column, nth] of numbers) {
    const tensor = formulaColumnTensor(column);
    await loader.place({ part: word(nth), tensor, byPlace: false });
  }
  return chunks;
}

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

interface LoaderParts {
  readonly chunks: readonly RecordChunk[];
  readonly recordWords: number;
  readonly items: number;
}

/** Numbers on their way into the records. */
interface Piece {
  readonly first: number;
  readonly places: number;
  readonly numbers: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

class RecordLoader {
  readonly #device: GpuDevice;
  readonly #reader: WeightsReader;
  readonly #parts: LoaderParts;
  #rowOfPlace: Uint32Array<ArrayBuffer> | null = null;

  constructor(device: GpuDevice, reader: WeightsReader, parts: LoaderParts) {
    this.#device = device;
    this.#reader = reader;
    this.#parts = parts;
  }

  /** Places the numbers of a tensor. */
  async place({ part, tensor, byPlace }: PartSource): Promise<void> {
    const kernel = await this.#kernel(part, byPlace);
    const places = this.#reader.tensor(tensor).dims[0]!;
    const bytes = 4 * part.groups * part.length;
    const each = Math.max(1, Math.floor(STAGING_BYTES / bytes));
    for (let first = 0; first < places; first += each) {
      const count = Math.min(each, places - first);
      const numbers = new Uint8Array(count * bytes);
      await this.#reader.read(tensor, first * bytes, numbers);
      const rows = byPlace ? await this.#rowsOf(first, count) : NO_ROWS;
      await this.#run(kernel, { first, places: count, numbers }, rows);
    }
  }

  /** Places a word of bits: whether an item satisfies each of some matches. */
  async placeFlags(part: RecordPart, firstMatch: number, matches: number): Promise<void> {
    const kernel = await this.#kernel(part, false);
    const { items } = this.#parts;
    const each = STAGING_BYTES / 4;
    const flags = new Uint8Array(Math.min(each, items));
    for (let first = 0; first < items; first += each) {
      const count = Math.min(each, items - first);
      const words = new Uint32Array(count);
      for (let bit = 0; bit < matches; bit++) {
        await this.#reader.read(
          formulaMatchTensor(firstMatch + bit),
          first,
          flags.subarray(0, count),
        );
        for (let at = 0; at < count; at++) words[at]! |= flags[at]! << bit;
      }
      await this.#run(kernel, { first, places: count, numbers: words }, NO_ROWS);
    }
  }

  #kernel(part: RecordPart, byPlace: boolean): Promise<Kernel> {
    const { recordWords } = this.#parts;
    return compileKernel(this.#device, "pack", packRecordsKernel(part, { recordWords, byPlace }));
  }

  /** Waits, so that uploads do not pile up. */
  async #run(
    kernel: Kernel,
    { first, places, numbers }: Piece,
    rows: Uint32Array<ArrayBuffer>,
  ): Promise<void> {
    const device = this.#device;
    const staged = [device.bufferOf("staging", numbers), device.bufferOf("staging.rows", rows)];
    const params = this.#parts.chunks.map((chunk) =>
      device.bufferOf("pack", Uint32Array.of(first, places, chunk.firstRow, chunk.rows)),
    );
    device.submit("pack", (encoder) => {
      const recorder = new PlainRecorder(encoder);
      for (const [at, { buffer }] of this.#parts.chunks.entries()) {
        recorder.run(bind(device, kernel, [params[at]!, ...staged, buffer]), linearGrid(places));
      }
      recorder.end();
    });
    await device.settle(device.queue.onSubmittedWorkDone());
    for (const buffer of [...staged, ...params]) device.release(buffer);
  }

  /** The rows of places of the artifact: those of clusters, some of which are empty. */
  async #rowsOf(first: number, count: number): Promise<Uint32Array<ArrayBuffer>> {
    this.#rowOfPlace ??= await rowsOfPlaces(this.#reader);
    return this.#rowOfPlace.slice(first, first + count);
  }
}

const NO_ROWS = new Uint32Array(1);

async function rowsOfPlaces(reader: WeightsReader): Promise<Uint32Array<ArrayBuffer>> {
  const rows = new Uint32Array(reader.tensor("clusters.rows").bytes / 4);
  const padding = new Float32Array(rows.length);
  await reader.read("clusters.rows", 0, new Uint8Array(rows.buffer));
  await reader.read("clusters.padding", 0, new Uint8Array(padding.buffer));
  for (let place = 0; place < rows.length; place++) {
    if (padding[place] !== 0) rows[place] = NO_ROW;
  }
  return rows;
}
