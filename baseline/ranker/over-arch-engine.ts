import type { HostTensor } from "../../src/onnx/element-type.ts";
import { type OnDied, SessionThread } from "../../src/onnx/session-thread.ts";
import type { OverArch } from "../../src/retrieval/over-arch/over-arch.ts";
import {
  graphFile,
  ITEMS_GRAPH,
  LOGITS_GRAPH,
  type SidePart,
  sideParts,
} from "./over-arch-files.ts";

/** The users and candidates of one run: as many candidates for each, padded where one has fewer. */
export interface LogitsInput {
  readonly users: number;
  readonly candidates: number;
  /** float32[users, userDim] */
  readonly features: Float32Array;
  /** float32[users, heads * dim]; empty where `usesVectors` is false. */
  readonly vectors: Float32Array;
  /** Sides of the candidates: a part each, float32[users, candidates, width]. */
  readonly sides: readonly Float32Array[];
}

export interface OverArchEngineOptions {
  /** What `writeOverArch` filled. */
  readonly folder: string;
  readonly overArch: OverArch;
  /** Dimensions of an item's embedding. */
  readonly dim: number;
  readonly threads: number;
  readonly onDied: OnDied;
}

/** An OverArch in ONNX Runtime, in threads of their own. Arrays handed to it are given away. */
export class OverArchEngine implements AsyncDisposable {
  readonly parts: readonly SidePart[];
  /** Whether logits depend on inner products. */
  readonly usesVectors: boolean;
  readonly #items: SessionThread;
  readonly #logits: SessionThread;
  readonly #options: OverArchEngineOptions;

  private constructor(
    options: OverArchEngineOptions,
    { items, logits }: { readonly items: SessionThread; readonly logits: SessionThread },
  ) {
    this.parts = sideParts(options.overArch, options.dim);
    this.usesVectors = options.overArch.kind === "mlp";
    this.#options = options;
    this.#items = items;
    this.#logits = logits;
  }

  /** @throws HarnessError DATA if a graph is missing or cannot be loaded. */
  static async open(options: OverArchEngineOptions): Promise<OverArchEngine> {
    const { folder, threads, onDied } = options;
    const load = (graph: string): Promise<SessionThread> =>
      SessionThread.open({ file: graphFile(folder, graph), device: "cpu", threads }, onDied);
    const items = await load(ITEMS_GRAPH);
    try {
      return new OverArchEngine(options, { items, logits: await load(LOGITS_GRAPH) });
    } catch (error) {
      await items[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * What items alone determine.
   * @param features float32[items, itemDim]
   * @returns a part each, float32[items, width].
   */
  async itemSides(features: Float32Array): Promise<Float32Array[]> {
    const { itemDim } = this.#options.overArch;
    const items = tensor([features.length / itemDim, itemDim], features);
    const results = await this.#items.run({ items });
    return this.parts.map(({ name }) => results[name]!.data as Float32Array);
  }

  /** @returns float32[tasks, users, candidates] */
  async logits(input: LogitsInput): Promise<Float32Array> {
    const { users, candidates, features, vectors, sides } = input;
    const { overArch, dim } = this.#options;
    const feeds: Record<string, HostTensor> = {
      features: tensor([users, overArch.userDim], features),
    };
    if (overArch.kind === "mlp") feeds["vectors"] = tensor([users, overArch.heads, dim], vectors);
    for (const [at, { name, width }] of this.parts.entries()) {
      feeds[name] = tensor([users, candidates, width], sides[at]!);
    }
    const { logits } = await this.#logits.run(feeds);
    return logits!.data as Float32Array;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#items[Symbol.asyncDispose](), this.#logits[Symbol.asyncDispose]()]);
  }
}

function tensor(dims: readonly number[], data: Float32Array): HostTensor {
  return { type: "float32", dims, data };
}
