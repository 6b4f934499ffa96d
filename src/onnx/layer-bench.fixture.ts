import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ElementType, HostTensor, TensorArray } from "./element-type.ts";
import { GraphBuilder, type Value } from "./graph-builder.ts";
import { Session } from "./session.ts";
import { WeightsFile, type StoredTensor } from "./weights-file.ts";

/** For tests: a tensor from the outside. */
export const tensor = (type: ElementType, dims: number[], data: TensorArray): HostTensor => ({
  type,
  dims,
  data,
});

/** For tests: a float32 tensor of the numbers that follow its shape. */
export const floats = (dims: number[], ...data: number[]): HostTensor =>
  tensor("float32", dims, Float32Array.from(data));

/** For tests: an int64 tensor of the numbers that follow its shape. */
export const longs = (dims: number[], ...data: number[]): HostTensor =>
  tensor("int64", dims, BigInt64Array.from(data, BigInt));

/** For tests: a place where a layer is written, loaded and run by itself. */
export class LayerBench implements AsyncDisposable {
  readonly #folder: string;
  readonly #weights: WeightsFile;
  #made = 0;

  private constructor(folder: string, weights: WeightsFile) {
    this.#folder = folder;
    this.#weights = weights;
  }

  static async open(): Promise<LayerBench> {
    const folder = await mkdtemp(join(tmpdir(), "silverbench-layers-"));
    return new LayerBench(folder, await WeightsFile.create(join(folder, "weights.data")));
  }

  /** A weight; without a type, that of its array's floats or signed bytes. */
  stored(dims: number[], data: TensorArray, type?: ElementType): Promise<StoredTensor> {
    const usual = data instanceof Int8Array ? "int8" : "float32";
    return this.#weights.add(`t${this.#made++}`, type ?? usual, dims, data);
  }

  /** A graph of some results, loaded. It ends with `await using`. */
  async load(build: (graph: GraphBuilder) => readonly Value[]): Promise<Session> {
    const graph = new GraphBuilder("layer");
    for (const [at, value] of build(graph).entries()) {
      graph.output(`${at}`, graph.cast(value, "float64"), "float64", ["batch", "n"]);
    }
    const file = join(this.#folder, `layer${this.#made++}.onnx`);
    await writeFile(file, graph.toBytes());
    await this.#weights.flush();
    return Session.open({ file, device: "cpu", threads: 1 });
  }

  /** Runs a graph of one result once: a row of numbers after the other. */
  async run(
    build: (graph: GraphBuilder) => Value,
    feeds: Record<string, HostTensor>,
  ): Promise<number[][]> {
    await using session = await this.load((graph) => [build(graph)]);
    return rowsOf((await session.run(feeds))["0"]!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#weights[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** For tests: a tensor as rows along its last dimension. */
export function rowsOf({ data, dims }: HostTensor): number[][] {
  const width = dims.at(-1)!;
  return Array.from({ length: data.length / width }, (_, row) =>
    Array.from(data.slice(row * width, (row + 1) * width), Number),
  );
}
