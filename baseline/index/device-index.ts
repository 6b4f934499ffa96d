import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Device } from "../../src/onnx/device.ts";
import { requireOnDevice } from "../../src/onnx/placement.ts";
import { SessionThread } from "../../src/onnx/session-thread.ts";
import { WeightsFile } from "../../src/onnx/weights-file.ts";
import { endService } from "../../src/process/service-main.ts";
import { GraphWriter } from "../graph-writer.ts";
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
 * Writes a flat index as a graph: queries float32 [n, dim] and how many rows are wanted, to the
 * rows of largest inner product and their values.
 */
export async function writeDeviceIndex(
  folder: string,
  { embeddings, dim }: { readonly embeddings: Float32Array; readonly dim: number },
): Promise<void> {
  await using weights = await WeightsFile.create(join(folder, `${NAME}.onnx.data`));
  const writer = new GraphWriter(NAME, weights);
  const { graph } = writer;
  const queries = graph.input("queries", "float32", ["n", dim]);
  const wanted = graph.input("wanted", "int64", [1]);
  const items = await writer.weight("items", [embeddings.length / dim, dim], embeddings);
  const scores = graph.node("Gemm", [queries, items], { attributes: { transB: 1 } });
  const [values, rows] = graph.nodes("TopK", [scores, wanted], 2);
  graph.output("values", values!, "float32", ["n", "wanted"]);
  graph.output("rows", graph.cast(rows!, "int32"), "int32", ["n", "wanted"]);
  await weights.finish();
  await writer.save(folder);
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
  readonly #dim: number;
  /** Queries of one product. */
  readonly #most: number;

  private constructor(session: SessionThread, dim: number, most: number) {
    this.#session = session;
    this.#dim = dim;
    this.#most = most;
  }

  /**
   * @param folder What `writeDeviceIndex` filled.
   * @throws HarnessError UNAVAILABLE if the device is not there or does not run all of it.
   */
  static async open(
    folder: string,
    { items, dim, device, mostScores = MOST_SCORES }: DeviceIndexOptions,
  ): Promise<DeviceIndex> {
    const session = await SessionThread.open(
      {
        file: join(folder, `${NAME}.onnx`),
        device,
        threads: availableParallelism(),
        profile: device !== "cpu",
      },
      endService,
    );
    const index = new DeviceIndex(session, dim, Math.max(1, Math.floor(mostScores / items)));
    try {
      const tried = new Float32Array(TRIED_QUERIES * dim).map((_, at) => Math.sin(at));
      await index.walk(tried, Math.min(100, items));
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

  /** @param queries float32 [n * dim]; given away. */
  async walk(queries: Float32Array, wanted: number): Promise<Walked> {
    const n = queries.length / this.#dim;
    if (n <= this.#most) return await this.#product(queries, wanted);
    const rows = new Uint32Array(n * wanted);
    const values = new Float32Array(n * wanted);
    for (let from = 0; from < n; from += this.#most) {
      const part = queries.slice(from * this.#dim, (from + this.#most) * this.#dim);
      const walked = await this.#product(part, wanted);
      rows.set(walked.rows, from * wanted);
      values.set(walked.values, from * wanted);
    }
    return { rows, values, counts: new Uint32Array(n).fill(wanted), wanted };
  }

  async #product(queries: Float32Array, wanted: number): Promise<Walked> {
    const n = queries.length / this.#dim;
    const { values, rows } = await this.#session.run({
      queries: { type: "float32", dims: [n, this.#dim], data: queries },
      wanted: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(wanted)) },
    });
    const { buffer, byteOffset, length } = rows!.data as Int32Array;
    return {
      rows: new Uint32Array(buffer, byteOffset, length),
      values: values!.data as Float32Array,
      counts: new Uint32Array(n).fill(wanted),
      wanted,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
