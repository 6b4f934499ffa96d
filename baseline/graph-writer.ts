import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GraphBuilder, type Value } from "../src/onnx/graph-builder.ts";
import type { WeightsFile } from "../src/onnx/weights-file.ts";
import type { DenseLayer } from "../src/retrieval/dense-layer.ts";

/** A graph while it is written; its weights go to a file that several may share. */
export class GraphWriter {
  readonly graph: GraphBuilder;
  readonly #name: string;
  readonly #weights: WeightsFile;

  constructor(name: string, weights: WeightsFile) {
    this.graph = new GraphBuilder(name);
    this.#name = name;
    this.#weights = weights;
  }

  /** float32 weights, in one piece or many, as a value of the graph. */
  async weight(
    label: string,
    dims: readonly number[],
    values: Float32Array | readonly Float32Array[],
  ): Promise<Value> {
    const name = `${this.#name}.${label}`;
    return this.graph.weight(await this.#weights.add(name, "float32", dims, values));
  }

  /** Layers one after the other: float32 [n, in] to [n, out]. */
  async dense(label: string, input: Value, layers: readonly DenseLayer[]): Promise<Value> {
    let activations = input;
    for (const [at, { weights, bias, inDim, outDim, relu }] of layers.entries()) {
      const matrix = await this.weight(`${label}.${at}.weights`, [inDim, outDim], weights);
      const offset = await this.weight(`${label}.${at}.bias`, [outDim], bias);
      activations = this.graph.node("Gemm", [activations, matrix, offset]);
      if (relu) activations = this.graph.node("Relu", [activations]);
    }
    return activations;
  }

  number(value: number): Value {
    return this.graph.constant("float32", [], Float32Array.of(value));
  }

  async save(folder: string): Promise<void> {
    await writeFile(join(folder, `${this.#name}.onnx`), this.graph.toBytes(), { flush: true });
  }
}
