import { HarnessError } from "../../src/errors.ts";
import type { Device } from "../../src/onnx/device.ts";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import { fallenBack, type Placement } from "../../src/onnx/placement.ts";
import { SessionThread, type OnDied } from "../../src/onnx/session-thread.ts";
import type { Artifact } from "../compile/artifact.ts";
import type { ArtifactManifest } from "../compile/manifest.ts";
import { batchFeeds, type BatchShape } from "./batch-feeds.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";

export interface EngineOptions {
  readonly device: Device;
  /** Threads of the session: as many as the CPU set has. */
  readonly threads: number;
  /** Whether nodes with real work may run on the CPU where the device has no kernel for them. */
  readonly allowFallback: boolean;
  readonly onDied: OnDied;
}

/**
 * Scores of one run of the graph held at once, in floats: 256 MiB. Larger batches are run in
 * parts, for beyond it the scores only travel further between memory and the processor.
 */
const MAX_SCORES = 1 << 26;

/** A loaded graph: a session, in this thread or in one of its own. */
export interface GraphRunner extends AsyncDisposable {
  run(feeds: Readonly<Record<string, HostTensor>>): Promise<Readonly<Record<string, HostTensor>>>;
}

/** The artifact loaded by ONNX Runtime, answering batches of queries. */
export class OnnxEngine implements AsyncDisposable {
  readonly #runner: GraphRunner;
  readonly #shape: BatchShape;
  #checkPlacement: (() => Promise<void>) | null = null;
  /** Most queries of one run. */
  readonly maxBatch: number;

  /** @param runner the graph of this artifact, loaded; it ends with the engine. */
  constructor(runner: GraphRunner, { items, dim, userDim, model }: ArtifactManifest) {
    this.#runner = runner;
    this.#shape = { items, userDim, queryDim: dim * model.heads };
    this.maxBatch = Math.max(1, Math.floor(MAX_SCORES / (items * model.heads)));
  }

  /**
   * Loads the graph in a thread of its own.
   * @throws HarnessError DATA if the artifact's graph cannot be loaded, UNAVAILABLE if the device
   *   is not there.
   */
  static async open(
    artifact: Artifact,
    { device, threads, allowFallback, onDied }: EngineOptions,
  ): Promise<OnnxEngine> {
    const profile = device !== "cpu" && !allowFallback;
    const session = await SessionThread.open(
      { file: artifact.graphPath(device), device, threads, profile },
      onDied,
    );
    const engine = new OnnxEngine(session, artifact.manifest);
    if (profile) {
      engine.#checkPlacement = async () => requireOnDevice(await session.placements(), device);
    }
    return engine;
  }

  /**
   * To be called once, after all of the graph has run: whether it ran where it should.
   * @throws HarnessError UNAVAILABLE naming the nodes that ran on the CPU in the device's stead.
   */
  async checkPlacement(): Promise<void> {
    await this.#checkPlacement?.();
  }

  /** Answers in the order of the queries, of which there is at least one. */
  async answer(queries: readonly EngineQuery[]): Promise<EngineAnswer[]> {
    const answers: EngineAnswer[] = [];
    const parts = Math.ceil(queries.length / this.maxBatch);
    for (let at = 0; at < parts; at++) {
      const from = Math.floor((queries.length * at) / parts);
      const part = queries.slice(from, Math.floor((queries.length * (at + 1)) / parts));
      answers.push(...cutAnswers(part, await this.#runner.run(batchFeeds(part, this.#shape))));
    }
    return answers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner[Symbol.asyncDispose]();
  }
}

/** Nodes named in an error; there may be hundreds. */
const NAMED_NODES = 5;

function requireOnDevice(placements: readonly Placement[], device: Device): void {
  const heavy = fallenBack(placements, device);
  if (heavy.length === 0) return;
  const named = heavy.slice(0, NAMED_NODES).map(({ node, op }) => `${op} (${node})`);
  const more = heavy.length > NAMED_NODES ? ` and ${heavy.length - NAMED_NODES} more` : "";
  throw new HarnessError(
    "UNAVAILABLE",
    `the device ${device} does not run ${named.join(", ")}${more}: they fell back to the CPU`,
    { where: "device", hint: "set allowFallback: true to measure it all the same" },
  );
}

/** Each query's own k, and of those the ones that are eligible: the others' values are -inf. */
function cutAnswers(
  queries: readonly EngineQuery[],
  results: Readonly<Record<string, HostTensor>>,
): EngineAnswer[] {
  const values = results["values"]!.data as Float32Array;
  const rows = results["rows"]!.data as Uint32Array;
  const width = results["values"]!.dims[1]!;
  return queries.map(({ k }, at) => {
    const start = at * width;
    let end = start + Math.min(k, width);
    while (end > start && values[end - 1] === -Infinity) end--;
    return { rows: rows.slice(start, end), values: values.slice(start, end) };
  });
}
