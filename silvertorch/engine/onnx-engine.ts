import type { Device } from "../../src/onnx/device.ts";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import { requireOnDevice } from "../../src/onnx/placement.ts";
import { SessionThread, type OnDied } from "../../src/onnx/session-thread.ts";
import type { SessionThreads } from "../../src/onnx/session-threads.ts";
import type { Artifact } from "../compile/artifact.ts";
import type { ArtifactManifest } from "../compile/manifest.ts";
import { listedShare } from "../eligibility/filter-share.ts";
import { type DeviceForm, formOf } from "../graph/device-form.ts";
import { batchAnswers } from "./batch-answers.ts";
import { batchFeeds, type BatchShape, batchShape, type Thoroughness } from "./batch-feeds.ts";
import { ChangeFeeds } from "./change-feeds.ts";
import { Effort, type Probing } from "./effort.ts";
import type { Engine } from "./engine.ts";
import type { FreshItems } from "./fresh-items.ts";
import { type Folding, onnxWays } from "./onnx-ways.ts";
import type { ProbingCounters } from "./probing-counters.ts";
import { queriesAtOnce } from "./queries-at-once.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";
import { thoroughAnswers, type Ways } from "./thorough-answers.ts";

const FALLBACK_HINT = "set allowFallback: true to measure it all the same";

export interface OnnxEngineOptions {
  readonly device: Device;
  /** Threads of the session: as many as the CPU set has. */
  readonly threads: number;
  /** Clusters that a head looks at, where the artifact has clusters; absent: all. */
  readonly probing?: Probing;
  /** Whether nodes with real work may run on the CPU where the device has no kernel for them. */
  readonly allowFallback: boolean;
  readonly onDied: OnDied;
  /** Of the engines that take each other's place; absent: its thread is its own. */
  readonly sessionThreads?: SessionThreads;
}

/** How a loaded graph is run. */
export interface RunnerOptions extends Pick<OnnxEngineOptions, "device" | "probing"> {
  readonly form?: DeviceForm;
  /** Which filters are folded into the product, of those that can be; absent: where it pays. */
  readonly folds?: Folding["folds"];
}

/** A loaded graph: a session, in this thread or in one of its own. */
export interface GraphRunner extends AsyncDisposable {
  run(feeds: Readonly<Record<string, HostTensor>>): Promise<Readonly<Record<string, HostTensor>>>;
}

/** The artifact loaded by ONNX Runtime, answering batches of queries. */
export class OnnxEngine implements Engine {
  /** ONNX Runtime spreads one batch over all its threads. */
  readonly lanes = 1;
  /** What ONNX Runtime does on a GPU it does not tell. */
  readonly devices = [];
  readonly #runner: GraphRunner;
  readonly #manifest: ArtifactManifest;
  readonly #device: Device;
  readonly #effort: Effort;
  readonly #ways: Ways;
  readonly #shape: BatchShape;
  readonly #changes: ChangeFeeds;
  #checkPlacement: (() => Promise<void>) | null = null;

  /**
   * @param runner the graph of this artifact, loaded; it ends with the engine.
   * @param form what the graph takes, where it is not that of the device.
   * @param probing clusters that a head looks at.
   */
  constructor(
    runner: GraphRunner,
    manifest: ArtifactManifest,
    {
      device,
      form = formOf(device),
      probing = { probes: "all" },
      folds = "whereItPays",
    }: RunnerOptions,
  ) {
    this.#runner = runner;
    this.#manifest = manifest;
    this.#device = device;
    const { items, dim, model } = manifest;
    const { heads } = model;
    const listedBelow = form.listsFew ? listedShare(heads) : 0;
    this.#effort = new Effort(manifest, probing, { listedBelow });
    this.#shape = batchShape(manifest, form, { ordered: this.#effort.grows });
    this.#changes = new ChangeFeeds(manifest, form);
    const { foldDims } = this.#shape;
    const size = foldDims === null ? null : { items, dim, heads, foldDims };
    this.#ways = onnxWays(this.#effort, { size, folds });
  }

  /**
   * Loads the graph in a thread of its own.
   * @throws HarnessError DATA if the artifact's graph cannot be loaded, UNAVAILABLE if the device
   *   is not there.
   */
  static async open(
    artifact: Artifact,
    { device, threads, probing, allowFallback, onDied, sessionThreads }: OnnxEngineOptions,
  ): Promise<OnnxEngine> {
    const profile = device !== "cpu" && !allowFallback;
    const session = await SessionThread.open(
      { file: artifact.graphPath(device), device, threads, profile },
      onDied,
      sessionThreads,
    );
    const engine = new OnnxEngine(session, artifact.manifest, {
      device,
      ...(probing === undefined ? {} : { probing }),
    });
    if (profile) {
      engine.#checkPlacement = async () =>
        requireOnDevice(await session.placements(), device, FALLBACK_HINT);
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

  /**
   * Where an item's value is its score: scores also items that came after the artifact was compiled.
   * @param items asked before each run, for those that its queries tell of: float32 [fresh, dim].
   */
  scoreFresh(items: (count?: number) => HostTensor): void {
    this.#changes.scoreFresh(items);
  }

  /** On a processor by the score it is measured; elsewhere: scored as compiled ones are, and merged besides. */
  get changeCost(): number {
    const ofAll = this.#device === "cpu" && this.#manifest.scoreOnly ? 0.45 : 1.5;
    return ofAll / this.#effort.usualShare;
  }

  get widensAnswers(): boolean {
    return this.#changes.widensAnswers;
  }

  /** Answers in the order of the queries, of which there is at least one. */
  async answer(
    queries: readonly EngineQuery[],
    fresh: FreshItems | null = this.#changes.blank(0),
  ): Promise<EngineAnswer[]> {
    const asked = this.#changes.asked(queries, fresh);
    return await thoroughAnswers(asked, this.#ways, ({ queries: group, each, fetch }) =>
      this.#run(group, { ...each[0]!, fetch }, fresh),
    );
  }

  /** With a fresh item, too, where those are ranked along: the first one finds nothing cold. */
  async lookEverywhere(query: EngineQuery): Promise<void> {
    const thoroughness = { ...this.#effort.of(query), ...this.#effort.everywhere };
    await this.#run([query], thoroughness, this.#changes.blank(1));
  }

  /** A processor needs no kernel of its own for a size, and its memory is that of the largest. */
  get coldBySize(): boolean {
    return this.#device !== "cpu";
  }

  get mostAtOnce(): number {
    return this.#mostAtOnce(this.#effort.atFirst);
  }

  get probing(): ProbingCounters {
    return this.#effort.counters;
  }

  #mostAtOnce({ probes }: Thoroughness): number {
    return queriesAtOnce(this.#manifest, this.#device, probes);
  }

  /** @param fresh null: nothing is known to have changed. */
  async #run(
    queries: readonly EngineQuery[],
    thoroughness: Thoroughness,
    fresh: FreshItems | null,
  ): Promise<EngineAnswer[]> {
    const answers: EngineAnswer[] = [];
    const parts = Math.ceil(queries.length / this.#mostAtOnce(thoroughness));
    for (let at = 0; at < parts; at++) {
      const from = Math.floor((queries.length * at) / parts);
      const own = queries.slice(from, Math.floor((queries.length * (at + 1)) / parts));
      const filtered = !thoroughness.folded && own.some(({ plan }) => plan !== null);
      const part = filtered ? own : this.#changes.widened(own, fresh);
      const results = await this.#runner.run({
        ...batchFeeds(part, this.#shape, thoroughness),
        ...this.#changes.feeds(part, fresh, filtered),
      });
      answers.push(...batchAnswers(part, results, this.#device));
    }
    return answers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner[Symbol.asyncDispose]();
  }
}
