import { availableParallelism } from "node:os";
import { join } from "node:path";
import { bestOfMany, type TopKForm } from "../../src/onnx/block-top-k.ts";
import { requireKernels } from "../../src/onnx/cuda-kernels.ts";
import type { Device } from "../../src/onnx/device.ts";
import { requireOnDevice } from "../../src/onnx/placement.ts";
import { SessionThread } from "../../src/onnx/session-thread.ts";
import { WeightsFile } from "../../src/onnx/weights-file.ts";
import { endService } from "../../src/process/service-main.ts";
import type { BitsArray, BitsType } from "../container-bits.ts";
import { GraphWriter } from "../graph-writer.ts";
import type { RowSet } from "../row-set.ts";
import { BitsMemory } from "./bits-memory.ts";
import { bitsTypeOf, bytesOf, type PassingBits, passingBits, ROWS_STEP } from "./passing-bits.ts";
import type { Walked } from "./walk.ts";

const NAME = "flat";

/** Queries of the walk by which a device is tried. */
const TRIED_QUERIES = 16;

/**
 * Most scores of one product: 2 GiB of them. A batch that comes to more is walked in several, since
 * a device has to hold them all at once and counts places with 31 bits.
 */
const MOST_SCORES = 2 ** 29;

/**
 * How scores are gone through: in blocks but on WebGPU, which has no TopK of int64 to put them in
 * order. What does not pass is scored a finite number, so a TopK may see it.
 */
export const topKFormOf = (device: Device): TopKForm => ({
  topK: "ofAny",
  // Of `ROWS_STEP` rows there are whole blocks, and whole blocks of blocks.
  blockWidth: device === "webgpu" ? 0 : 32,
  blocks: "nested",
});

/** What differs between the graphs for two devices, and between this form of them and others. */
export const graphFormOf = (device: Device): object => ({
  bits: bitsTypeOf(device),
  rows: ROWS_STEP,
  passes: "bool",
  ...topKFormOf(device),
});

/**
 * What a row that does not pass is scored: below all that pass, yet above the -3.4e38 with which
 * CUDA's TopK fills up, so that its padding never outranks a row.
 */
const FORBIDDEN = -1e30;

/**
 * Writes a flat index as a graph for a device: queries float32 [n, dim], their filters' bits (`PassingBits`) and
 * how many rows are wanted, to the rows of largest inner product that pass, and their values.
 * @param form How long lists are gone through, if not in the device's way; for benchmarks.
 */
export async function writeDeviceIndex(
  folder: string,
  {
    embeddings,
    dim,
    device,
    form = topKFormOf(device),
  }: {
    readonly embeddings: Float32Array;
    readonly dim: number;
    readonly device: Device;
    readonly form?: TopKForm;
  },
): Promise<void> {
  await using weights = await WeightsFile.create(join(folder, `${NAME}.onnx.data`));
  const writer = new GraphWriter(NAME, weights);
  const { graph } = writer;
  const items = embeddings.length / dim;
  const bytes = bytesOf(items);
  const rows = bytes * 8;
  const queries = graph.input("queries", "float32", ["n", dim]);
  const passing = graph.input("passing", bitsTypeOf(device), ["filters", bytes]);
  const filterOf = graph.input("filterOf", "int32", ["n"]);
  const wanted = graph.input("wanted", "int64", [1]);
  // No device has operators on bits that CUDA has too, so a table says what each byte stands for.
  const table = await weights.add(`${NAME}.passes`, "bool", [256, 8], passesByByte());
  const ownBytes = graph.node("Gather", [passing, filterOf], { attributes: { axis: 0 } });
  const places = bitsTypeOf(device) === "int32" ? ownBytes : graph.cast(ownBytes, "int32");
  const byByte = graph.node("Gather", [graph.weight(table), places], { attributes: { axis: 0 } });
  const passes = graph.reshape(byByte, 0, rows);
  // Rows beyond the last fill up the last block; no filter passes them.
  const padding = new Float32Array((rows - items) * dim);
  const vectors = await writer.weight("items", [rows, dim], [embeddings, padding]);
  const products = graph.node("Gemm", [queries, vectors], { attributes: { transB: 1 } });
  const forbidden = graph.constant("float32", [], Float32Array.of(FORBIDDEN));
  // A byte a row beside the products: as a third operand of theirs it would be four, and copied.
  const scores = graph.node("Where", [passes, products, forbidden]);
  const best = bestOfMany(graph, scores, wanted, { places: rows, lists: 1, form });
  graph.output("values", best.values, "float32", ["n", "wanted"]);
  graph.output("rows", graph.cast(best.rows, "int32"), "int32", ["n", "wanted"]);
  requireKernels(graph, device);
  await weights.finish();
  await writer.save(folder);
}

/** bool [256, 8]: for each byte, which of its eight rows pass. */
function passesByByte(): Uint8Array {
  return Uint8Array.from({ length: 256 * 8 }, (_, at) => ((at >>> 3) >>> (at & 7)) & 1);
}

export interface DeviceIndexOptions {
  readonly items: number;
  readonly dim: number;
  readonly device: Device;
  /** Most scores of one product; for tests. */
  readonly mostScores?: number;
}

/** A flat index on a device of ONNX Runtime: every row is scored, one product for a whole batch. */
export class DeviceIndex implements AsyncDisposable {
  readonly #session: SessionThread;
  readonly #items: number;
  readonly #dim: number;
  /** Queries of one product. */
  readonly #most: number;
  readonly #bitsType: BitsType;
  readonly #memory: BitsMemory;

  private constructor(session: SessionThread, options: DeviceIndexOptions) {
    const { items, dim, mostScores, device } = options;
    this.#bitsType = bitsTypeOf(device);
    this.#memory = new BitsMemory(this.#bitsType);
    this.#session = session;
    this.#items = items;
    this.#dim = dim;
    this.#most = Math.max(1, Math.floor((mostScores ?? MOST_SCORES) / items));
  }

  /**
   * @param folder What `writeDeviceIndex` filled.
   * @throws HarnessError UNAVAILABLE if the device is not there or does not run all of it.
   */
  static async open(folder: string, options: DeviceIndexOptions): Promise<DeviceIndex> {
    const { items, dim, device } = options;
    const session = await SessionThread.open(
      {
        file: join(folder, `${NAME}.onnx`),
        device,
        threads: availableParallelism(),
        profile: device !== "cpu",
      },
      endService,
    );
    const index = new DeviceIndex(session, options);
    try {
      const tried = new Float32Array(TRIED_QUERIES * dim).map((_, at) => Math.sin(at));
      const all = index.bitsOf(Array.from({ length: TRIED_QUERIES }, () => null));
      await index.walk(tried, all, Math.min(100, items));
      if (device !== "cpu") {
        const hint = "leave index.device out: the index then runs on the CPU, in our own code";
        requireOnDevice(await session.placements(), device, hint);
      }
      return index;
    } catch (error) {
      await index[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The bits of each query's filter, as `walk` takes them. */
  bitsOf(filters: readonly (RowSet | null)[]): PassingBits {
    return passingBits(filters, { items: this.#items, type: this.#bitsType, memory: this.#memory });
  }

  /**
   * The best rows that pass each query's filter, best first.
   * @param queries float32 [n * dim]
   * @param passing Of as many queries; given away.
   */
  async walk(queries: Float32Array, passing: PassingBits, wanted: number): Promise<Walked> {
    const n = queries.length / this.#dim;
    const rows = new Uint32Array(n * wanted);
    const values = new Float32Array(n * wanted);
    let { bytes } = passing;
    for (let from = 0; from < n; from += this.#most) {
      const to = Math.min(n, from + this.#most);
      const found = await this.#product(
        queries.slice(from * this.#dim, to * this.#dim),
        { ...passing, bytes, filterOf: passing.filterOf.slice(from, to) },
        wanted,
      );
      bytes = found.bytes;
      rows.set(found.rows, from * wanted);
      values.set(found.values, from * wanted);
    }
    this.#memory.giveBack(bytes);
    return { rows, values, counts: passingCounts(values, wanted), wanted };
  }

  /** @returns also the bits, which are lent to the session's thread. */
  async #product(
    queries: Float32Array,
    { bytes, filters, filterOf }: PassingBits,
    wanted: number,
  ): Promise<Pick<Walked, "rows" | "values"> & Pick<PassingBits, "bytes">> {
    const n = filterOf.length;
    const { values, rows, passing } = await this.#session.run(
      {
        queries: { type: "float32", dims: [n, this.#dim], data: queries },
        passing: { type: this.#bitsType, dims: [filters, bytesOf(this.#items)], data: bytes },
        filterOf: { type: "int32", dims: [n], data: filterOf },
        wanted: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(wanted)) },
      },
      ["passing"],
    );
    const { buffer, byteOffset, length } = rows!.data as Int32Array;
    return {
      rows: new Uint32Array(buffer, byteOffset, length),
      values: values!.data as Float32Array,
      bytes: passing!.data as BitsArray,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

/** How many of each query's rows pass: those that do not come last. */
function passingCounts(values: Float32Array, wanted: number): Uint32Array {
  return Uint32Array.from({ length: values.length / wanted }, (_, query) => {
    let count = wanted;
    while (count > 0 && values[query * wanted + count - 1]! <= FORBIDDEN / 2) count--;
    return count;
  });
}
