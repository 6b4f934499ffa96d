import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphBuilder } from "./graph-builder.ts";
import type { Session, SessionOptions } from "./session.ts";

/** Vectors one after the other, float32 [count, dim]. */
export interface Points {
  readonly count: number;
  readonly dim: number;
  readonly values: Float32Array;
}

/** The nearest centroids of some points, nearest first. */
export interface Nearest {
  /** Centroids named a point. */
  readonly width: number;
  /** int32 [points, width] */
  readonly centroids: Int32Array;
  /** float32 [points, width]: <x, c> - |c|^2 / 2, which is larger the nearer c is to x. */
  readonly closeness: Float32Array;
}

/** Points compared at a time: a product of some tens of megabytes with a few thousand centroids. */
const CHUNK_POINTS = 4096;

/** Finds the centroids nearest to points in Euclidean distance, by ONNX Runtime's matrix product. */
export class NearestCentroids implements AsyncDisposable {
  readonly #session: Session;
  readonly #folder: string;

  private constructor(session: Session, folder: string) {
    this.#session = session;
    this.#folder = folder;
  }

  static async open({
    device,
    threads,
  }: Pick<SessionOptions, "device" | "threads">): Promise<NearestCentroids> {
    // Whoever compiles without clusters does without ONNX Runtime.
    const { Session } = await import("./session.ts");
    const folder = await mkdtemp(join(tmpdir(), "silverbench-k-means-"));
    const file = join(folder, "nearest.onnx");
    await writeFile(file, nearestGraph().toBytes());
    return new NearestCentroids(await Session.open({ file, device, threads }), folder);
  }

  /**
   * @param width how many to name of each point; all, if there are fewer.
   * @param rows which of the points, in what order; absent: all.
   * @returns a chunk of the points after another, and the first one's place among them.
   */
  async *of(
    points: Points,
    centroids: Points,
    width: number,
    rows?: Uint32Array,
  ): AsyncGenerator<Nearest & { readonly from: number; readonly chunk: Points }> {
    const { dim } = points;
    const count = rows?.length ?? points.count;
    const named = Math.min(width, centroids.count);
    const halves = halfSquares(centroids).map((half) => -half);
    for (let from = 0; from < count; from += CHUNK_POINTS) {
      const to = Math.min(from + CHUNK_POINTS, count);
      // A copy: ONNX Runtime takes no memory that threads share, as a dataset's is.
      const chunk =
        rows === undefined
          ? points.values.slice(from * dim, to * dim)
          : pointsAt(points, rows.subarray(from, to)).values;
      const results = await this.#session.run({
        points: { type: "float32", dims: [to - from, dim], data: chunk },
        centroids: { type: "float32", dims: [centroids.count, dim], data: centroids.values },
        halves: { type: "float32", dims: [centroids.count], data: halves },
        width: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(named)) },
      });
      yield {
        from,
        chunk: { count: to - from, dim, values: chunk },
        width: named,
        closeness: results["closeness"]!.data as Float32Array,
        centroids: results["nearest"]!.data as Int32Array,
      };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function nearestGraph(): GraphBuilder {
  const graph = new GraphBuilder("nearest");
  const points = graph.input("points", "float32", ["n", "dim"]);
  const centroids = graph.input("centroids", "float32", ["count", "dim"]);
  const halves = graph.input("halves", "float32", ["count"]);
  const width = graph.input("width", "int64", [1]);
  const closeness = graph.node("Gemm", [points, centroids, halves], { attributes: { transB: 1 } });
  const [values, nearest] = graph.nodes("TopK", [closeness, width], 2, { attributes: { axis: 1 } });
  graph.output("closeness", values!, "float32", ["n", "width"]);
  graph.output("nearest", graph.cast(nearest!, "int32"), "int32", ["n", "width"]);
  return graph;
}

/** Copies of some of the points. */
export function pointsAt({ dim, values }: Points, rows: Uint32Array): Points {
  const picked = new Float32Array(rows.length * dim);
  for (const [at, row] of rows.entries()) {
    picked.set(values.subarray(row * dim, (row + 1) * dim), at * dim);
  }
  return { count: rows.length, dim, values: picked };
}

/** |x|^2 / 2 of each point. */
export function halfSquares({ count, dim, values }: Points): Float32Array {
  const halves = new Float32Array(count);
  for (let point = 0; point < count; point++) {
    let sum = 0;
    for (let at = point * dim; at < (point + 1) * dim; at++) sum += values[at]! * values[at]!;
    halves[point] = sum / 2;
  }
  return halves;
}
