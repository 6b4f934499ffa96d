import type { CallContext, DoorLimits } from "../src/door/retriever.ts";
import type { DeviceStats } from "../src/door/stats.ts";
import type { Histogram } from "../src/math/histogram.ts";
import type { Answer, RetrievalRequest } from "../src/retrieval/request.ts";
import { type AnswerSource, changedAnswer } from "./changed-answer.ts";
import { Artifact } from "./compile/artifact.ts";
import type { ArtifactManifest } from "./compile/manifest.ts";
import type { Engine } from "./engine/engine.ts";
import { eligibilityForm, ordersClusters } from "./engine/open-engine.ts";
import { RequestReader } from "./engine/request-reader.ts";
import { warmEngine, type WarmEngineOptions } from "./engine/warm-engine.ts";
import { type ArtifactItems, ChangedItems } from "./live/changed-items.ts";
import { ItemRecorder } from "./live/item-recorder.ts";
import type { LiveItems } from "./live/live-items.ts";
import type { ItemChange } from "./live/owner-changes.ts";
import { RequestBatches, type RequestBatchesOptions } from "./request-batches.ts";

/** The stages' times outlive the generation. */
export interface GenerationOptions
  extends RequestBatchesOptions, Pick<WarmEngineOptions, "engine" | "onProgress"> {}

interface Parts {
  readonly artifact: Artifact;
  readonly reader: RequestReader;
  readonly engine: Engine;
}

interface OpenOptions {
  /** Whether every file is hashed first, and not only measured. */
  readonly verify: boolean;
  /** What serves until this one does: what was asked of it will be of this one; null: nothing. */
  readonly last: Generation | null;
}

/**
 * One artifact, loaded and warm: what the retriever answers from until the next one takes its
 * place. Queries of one generation never meet the engine of another, for rows and plans are its own.
 */
export class Generation implements AsyncDisposable {
  readonly artifact: Artifact;
  readonly manifest: ArtifactManifest;
  readonly #reader: RequestReader;
  readonly #engine: Engine;
  readonly #maxInFlight: number;
  readonly #batches: RequestBatches;
  /** Makes what ranks fresh items; null: their score is their value. */
  readonly #recorder: ItemRecorder | null;
  #changed: ChangedItems;
  #inFlight = 0;
  #onIdle: (() => void) | null = null;

  private constructor({ artifact, reader, engine }: Parts, options: GenerationOptions) {
    const { manifest } = artifact;
    this.artifact = artifact;
    this.manifest = manifest;
    this.#reader = reader;
    this.#engine = engine;
    this.#maxInFlight = options.maxInFlight;
    this.#recorder = manifest.scoreOnly ? null : new ItemRecorder(manifest);
    this.#changed = ChangedItems.of([], this.#compiled, this.#recorder);
    if (manifest.scoreOnly) engine.scoreFresh((count) => this.live.embeddings(count));
    this.#batches = new RequestBatches(reader, engine, () => this.#changed, options);
  }

  /**
   * Loads an artifact and runs it until nothing of it is cold.
   * @throws HarnessError DATA if it is damaged, UNAVAILABLE if it cannot run on the device.
   */
  static async open(
    folder: string,
    { verify, last, ...options }: GenerationOptions & OpenOptions,
  ): Promise<Generation> {
    const artifact = await Artifact.open(folder, { verify });
    const { engine: how } = options;
    const reader = await RequestReader.open(artifact, eligibilityForm(how), ordersClusters(how));
    try {
      const largestK = last?.largestK ?? 0;
      const usualBatch = last?.usualBatch;
      const engine = await warmEngine(artifact, { ...options, reader, largestK, usualBatch });
      return new Generation({ artifact, reader, engine }, options);
    } catch (error) {
      reader[Symbol.dispose]();
      throw error;
    }
  }

  /** What a request to it is held to. */
  get limits(): DoorLimits {
    const { items, dim, userDim, model } = this.manifest;
    return { items, userDim, queryDim: dim * model.heads, maxInFlight: this.#maxInFlight };
  }

  /** The most items that were asked of its engine at once. */
  get largestK(): number {
    return this.#batches.largestK;
  }

  /** Requests in a batch, in the median; 1 before the first. */
  get usualBatch(): number {
    const { sizes } = this.#batches;
    return sizes.count === 0 ? 1 : sizes.quantile(0.5);
  }

  /** What changed since the artifact was compiled. */
  get live(): LiveItems {
    return this.#changed.live;
  }

  /** What a change costs a request, in compiled items. */
  get changeCost(): number {
    return this.#engine.changeCost;
  }

  /** How often, and how far, answers had to be looked for beyond the usual clusters. */
  get probing(): Engine["probing"] {
    return this.#engine.probing;
  }

  /** What its engine occupies beside the processors. */
  get devices(): readonly DeviceStats[] {
    return this.#engine.devices;
  }

  /** Requests in a batch. */
  get sizes(): Histogram {
    return this.#batches.sizes;
  }

  /** Microseconds that requests waited for their batch. */
  get waits(): Histogram {
    return this.#batches.waits;
  }

  /**
   * Before it serves: takes over the changes that the last one served, but for those up to a
   * version, which are compiled into this artifact.
   */
  inherit(last: Generation, version: number): void {
    this.#changed = last.#changed.since(version, this.#compiled);
  }

  /**
   * Before it serves: changes of which none is known to be in this artifact.
   * @throws HarnessError BAD_INPUT if fresh items are not of this artifact's dimensions.
   */
  adopt(changes: readonly ItemChange[]): void {
    this.#changed = ChangedItems.of(changes, this.#compiled, this.#recorder);
  }

  /** @throws HarnessError BAD_INPUT, OVERLOADED or DEADLINE. */
  async retrieve(request: RetrievalRequest, context: CallContext): Promise<Answer> {
    this.#inFlight++;
    try {
      const { ids, values } = await changedAnswer(this.#source, request, context);
      return { ids, values, partial: false };
    } finally {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#onIdle?.();
    }
  }

  get #source(): AnswerSource {
    return {
      changed: this.#changed,
      batches: this.#batches,
      widensAnswers: this.#engine.widensAnswers,
      items: this.manifest.items,
    };
  }

  get #compiled(): ArtifactItems {
    const { items, dim, denseDim } = this.manifest;
    return {
      count: items,
      dim,
      denseDim,
      holds: (id) => this.#reader.holds(id),
      rowOf: (id) => this.#reader.rowOf(id),
      idsOf: (rows) => this.#reader.idsOf(rows),
    };
  }

  /** Finishes what is in flight, then frees the engine. Nothing may be asked after it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#engine[Symbol.asyncDispose]();
    this.#reader[Symbol.dispose]();
  }
}
