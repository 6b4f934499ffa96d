import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphBuilder } from "../../src/onnx/graph-builder.ts";
import { Session } from "../../src/onnx/session.ts";
import { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { bestOf } from "../../src/onnx/top-k.ts";

/** The least that a search by score can be: a matrix product and a TopK, queries at hand. */
export class BareSearch implements AsyncDisposable {
  readonly #session: Session;
  readonly #folder: string;

  private constructor(session: Session, folder: string) {
    this.#session = session;
    this.#folder = folder;
  }

  static async open({ catalogue }: Dataset, threads: number): Promise<BareSearch> {
    const { count, dim, embeddings } = catalogue;
    const folder = await mkdtemp(join(tmpdir(), "silverbench-bare-"));
    await using weights = await WeightsFile.create(join(folder, "bare.data"));
    const items = await weights.add("items", "float32", [count, dim], embeddings);
    await weights.finish();
    const graph = new GraphBuilder("bare");
    const queries = graph.input("queries", "float32", ["batch", dim]);
    const scores = graph.node("Gemm", [queries, graph.weight(items)], {
      attributes: { transB: 1 },
    });
    const { values, rows } = bestOf(graph, scores, graph.input("k", "int64", [1]));
    graph.output("values", values, "float32", ["batch", "k"]);
    graph.output("rows", rows, "int64", ["batch", "k"]);
    const file = join(folder, "bare.onnx");
    await writeFile(file, graph.toBytes());
    return new BareSearch(await Session.open({ file, device: "cpu", threads }), folder);
  }

  /** @param queries float32 [batch, dim] */
  async run(queries: Float32Array, batch: number, k: number): Promise<void> {
    await this.#session.run({
      queries: { type: "float32", dims: [batch, queries.length / batch], data: queries },
      k: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(k)) },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
