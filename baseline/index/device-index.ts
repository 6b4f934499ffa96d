import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Device } from "../../src/onnx/device.ts";
import { requireOnDevice } from "../../src/onnx/placement.ts";
import { SessionThread } from "../../src/onnx/session-thread.ts";
import { WeightsFile } from "../../src/onnx/weights-file.ts";
import { endService } from "../../src/process/service-main.ts";
import { GraphWriter } from "../graph-writer.ts";
import {
  bitsTypeOf,
  type BitsType,
  bytesOf,
  type PassingBits,
  passingBits,
} from "./passing-bits.ts";
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
 * What a row that does not pass is scored: below all that pass, yet above the -3.4e38 with which
 * CUDA's TopK fills up, so that its padding never outranks a row.
 */
const FORBIDDEN = -1e30;

/**
 * Writes a flat index as a graph for a device: queries float32 [n, dim], their filters' bits (`PassingBits`) and
 * how many rows are wanted, to the rows of largest inner product that pass, and their values.
 */
export async function writeDeviceIndex(
  folder: string,
  {
    embeddings,
    dim,
    device,
  }: { readonly embeddings: Float32Array; readonly dim: number; readonly device: Device },
): Promise<void> {
  await using weights = await WeightsFile.create(join(folder, `${NAME}.onnx.data`));
  const writer = new GraphWriter(NAME, weights);
  const { graph } = writer;
  const items = embeddings.length / dim;
  const bytes = bytesOf(items);
  const queries = graph.input("queries", "float32", ["n", dim]);
  const passing = graph.input("passing", bitsTypeOf(device), ["filters", bytes]);
  const filterOf = graph.input("filterOf", "int32", ["n"]);
  const wanted = graph.input("wanted", "int64", [1]);
  // No device has operators on bits that CUDA has too, so a table says what each byte stands for.
  const table = await writer.weight("penalties", [256, 8], penaltiesByByte());
  const ownBytes = graph.node("Gather", [passing, filterOf], { attributes: { axis: 0 } });
  const places = bitsTypeOf(device) === "int32" ? ownBytes : graph.cast(ownBytes, "int32");
  const byByte = graph.node("Gather", [table, places], { attributes: { axis: 0 } });
  const shape = graph.constant("int64", [2], BigInt64Array.of(0n, BigInt(bytes * 8)));
  const penalties = graph.node("Reshape", [byByte, shape]);
  // Rows beyond the last fill up its byte; no filter passes them.
  const padding = new Float32Array((bytes * 8 - items) * dim);
  const vectors = await writer.weight("items", [bytes * 8, dim], [embeddings, padding]);
  const scores = graph.node("Gemm", [queries, vectors, penalties], { attributes: { transB: 1 } });
  const [values, rows] = graph.nodes("TopK", [scores, wanted], 2);
  graph.output("values", values!, "float32", ["n", "wanted"]);
  graph.output("rows", graph.cast(rows!, "int32"), "int32", ["n", "wanted"]);
  await weights.finish();
  await writer.save(folder);
}

/** float32 [256, 8]: for each byte, what its eight rows are scored beside their products. */
function penaltiesByByte(): Float32Array {
  return Float32Array.from({ length: 256 * 8 }, (_, at) =>
    ((at >>> 3) >>> (at & 7)) & 1 ? 0 : FORBIDDEN,
  );
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
  /** What `walk` takes the bits as. */
  readonly bitsType: BitsType;

  private constructor(session: SessionThread, options: DeviceIndexOptions) {
    const { items, dim, mostScores, device } = options;
    this.bitsType = bitsTypeOf(device);
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
      const all = passingBits(
        Array.from({ length: TRIED_QUERIES }, () => null),
        { items, type: index.bitsType },
      );
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

  /**
   * The best rows that pass each query's filter, best first.
   * @param queries float32 [n * dim]
   * @param passing Of as many queries; given away.
   */
  async walk(queries: Float32Array, passing: PassingBits, wanted: number): Promise<Walked> {
    const n = queries.length / this.#dim;
    const rows = new Uint32Array(n * wanted);
    const values = new Float32Array(n * wanted);
    for (let from = 0; from < n; from += this.#most) {
      const to = Math.min(n, from + this.#most);
      const found = await this.#product(
        queries.slice(from * this.#dim, to * this.#dim),
        // What is given away to the session's thread must not be missed by the next part.
        {
          ...passing,
          bytes: to < n ? passing.bytes.slice() : passing.bytes,
          filterOf: passing.filterOf.slice(from, to),
        },
        wanted,
      );
      rows.set(found.rows, from * wanted);
      values.set(found.values, from * wanted);
    }
    return { rows, values, counts: passingCounts(values, wanted), wanted };
  }

  async #product(
    queries: Float32Array,
    { bytes, filters, filterOf }: PassingBits,
    wanted: number,
  ): Promise<Pick<Walked, "rows" | "values">> {
    const n = filterOf.length;
    const { values, rows } = await this.#session.run({
      queries: { type: "float32", dims: [n, this.#dim], data: queries },
      passing: { type: this.bitsType, dims: [filters, bytesOf(this.#items)], data: bytes },
      filterOf: { type: "int32", dims: [n], data: filterOf },
      wanted: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(wanted)) },
    });
    const { buffer, byteOffset, length } = rows!.data as Int32Array;
    return {
      rows: new Uint32Array(buffer, byteOffset, length),
      values: values!.data as Float32Array,
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
