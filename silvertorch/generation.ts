import { Batcher } from "../src/door/batcher.ts";
import type { CallContext, DoorLimits } from "../src/door/retriever.ts";
import type { StageTimes } from "../src/door/stage-times.ts";
import type { DeviceStats } from "../src/door/stats.ts";
import { HarnessError } from "../src/errors.ts";
import type { Histogram } from "../src/math/histogram.ts";
import type { Answer, RetrievalRequest } from "../src/retrieval/request.ts";
import { Artifact } from "./compile/artifact.ts";
import type { ArtifactManifest } from "./compile/manifest.ts";
import type { Engine } from "./engine/engine.ts";
import {
  eligibilityForm,
  openEngine,
  ordersClusters,
  type EngineOptions,
} from "./engine/open-engine.ts";
import type { FreshItems } from "./engine/fresh-items.ts";
import type { EngineAnswer, EngineQuery, FreshOpen } from "./engine/query.ts";
import { RequestReader } from "./engine/request-reader.ts";
import { USUAL_K, warmUp } from "./engine/warm-up.ts";
import { widened } from "./engine/widened.ts";
import { ChangedItems } from "./live/changed-items.ts";
import type { CompiledItems, FreshView } from "./live/fresh-index.ts";
import { ItemRecorder } from "./live/item-recorder.ts";
import { LiveItems } from "./live/live-items.ts";
import type { ItemChange } from "./live/owner-changes.ts";
import { merged, type RankedIds, visibleCount } from "./live/merge.ts";

export interface GenerationOptions {
  readonly engine: EngineOptions;
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  readonly maxInFlight: number;
  /** Where the times go; it outlives the generation. */
  readonly stages: StageTimes;
  /** What it is busy with before it can answer. */
  readonly onProgress: (phase: string) => void;
}

/** A request on its way to the engine. */
interface Asked {
  readonly request: RetrievalRequest;
  readonly query: EngineQuery;
}

const NONE: FreshOpen = { count: 0, words: new Uint32Array(0) };

/** An answer of the engine's, and what its rows mean. */
interface Found {
  readonly answer: EngineAnswer;
  /** Which of the fresh items that are scored beside it may be returned. */
  readonly open: FreshOpen;
  /** Compiled items that were hidden when its batch began: a bit a row. */
  readonly hidden: Uint32Array;
  readonly idsOf: (rows: Uint32Array) => Float64Array;
}

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
  readonly #options: GenerationOptions;
  readonly #batcher: Batcher<Asked, Found>;
  /** Makes what ranks fresh items; null: their score is their value. */
  #recorder: ItemRecorder | null;
  #changed: ChangedItems;
  /** The most items that were asked of its engine at once. */
  #largestK = 0;
  #inFlight = 0;
  #onIdle: (() => void) | null = null;

  private constructor({ artifact, reader, engine }: Parts, options: GenerationOptions) {
    const { maxBatch, maxWaitMs, maxInFlight, stages } = options;
    const { manifest } = artifact;
    this.artifact = artifact;
    this.manifest = manifest;
    this.#reader = reader;
    this.#engine = engine;
    this.#options = options;
    this.#recorder = manifest.scoreOnly ? null : new ItemRecorder(manifest);
    this.#changed = this.#changedBy(new LiveItems(manifest.dim, (id) => reader.holds(id)));
    if (manifest.scoreOnly) engine.scoreFresh((count) => this.live.embeddings(count));
    this.#batcher = new Batcher({
      maxBatch,
      maxWaitMs,
      maxQueued: maxInFlight,
      lanes: engine.lanes,
      run: (batch) => stages.time("model.run", () => this.#run(batch)),
    });
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
      const engine = await warmEngine(artifact, { ...options, reader, last });
      return new Generation({ artifact, reader, engine }, options);
    } catch (error) {
      reader[Symbol.dispose]();
      throw error;
    }
  }

  /** What a request to it is held to. */
  get limits(): DoorLimits {
    const { items, dim, userDim, model } = this.manifest;
    const { maxInFlight } = this.#options;
    return { items, userDim, queryDim: dim * model.heads, maxInFlight };
  }

  get largestK(): number {
    return this.#largestK;
  }

  /** What changed since the artifact was compiled. */
  get live(): LiveItems {
    return this.#changed.live;
  }

  /**
   * Before it serves: takes over the changes that the last one served, but for those up to a
   * version, which are compiled into this artifact.
   */
  inherit(last: Generation, version: number): void {
    // It is the same model's, and knows the records of what is still fresh.
    this.#recorder = last.#recorder;
    const { dim } = this.manifest;
    const live = last.live.since(version, dim, (id) => this.#reader.holds(id));
    this.#changed = this.#changedBy(live);
  }

  /**
   * Before it serves: changes of which none is known to be in this artifact.
   * @throws HarnessError BAD_INPUT if fresh items are not of this artifact's dimensions.
   */
  adopt(changes: readonly ItemChange[]): void {
    const { dim, denseDim } = this.manifest;
    for (const { id, item } of changes) {
      if (item === null) continue;
      const { embedding, dense } = item;
      if (embedding.length === dim && dense.length === denseDim) continue;
      throw new HarnessError(
        "BAD_INPUT",
        `the artifact's items have ${dim} dimensions and ${denseDim} dense features, the fresh item ${id} ${embedding.length} and ${dense.length}`,
        { where: "folder" },
      );
    }
    this.#changed = this.#changedBy(new LiveItems(dim, (id) => this.#reader.holds(id)));
    this.live.apply(changes);
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
    return this.#batcher.sizes;
  }

  /** Microseconds that requests waited for their batch. */
  get waits(): Histogram {
    return this.#batcher.waits;
  }

  /** @throws HarnessError BAD_INPUT, OVERLOADED or DEADLINE. */
  async retrieve(request: RetrievalRequest, context: CallContext): Promise<Answer> {
    this.#inFlight++;
    try {
      return { ...(await this.#answer(request, context)), partial: false };
    } finally {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#onIdle?.();
    }
  }

  /**
   * The compiled items' answer and the fresh ones' together, as they were when its batch began. Where
   * the score is all that counts, what is hidden is taken out of the answer, of which somewhat more was
   * asked for; in the rare case that too little is left, it is asked for again without the hidden.
   */
  async #answer(request: RetrievalRequest, context: CallContext): Promise<RankedIds> {
    const { live, ranked } = this.#changed;
    if (ranked !== null) return rankedIds(await this.#ask(request, request, context));
    const { k } = request;
    const { widensAnswers } = this.#engine;
    let asked = widensAnswers ? k : widened(k, live.hidden, this.manifest.items);
    let found = await this.#ask({ ...request, k: asked }, request, context);
    if (found.open.count === 0 && live.hidden === 0) return rankedIds(found);
    while (found.answer.rows.length >= asked && visibleCount(found.answer, found) < k) {
      asked = k;
      const exclude = joined(request.exclude, live.hiddenIds());
      found = await this.#ask({ ...request, exclude }, request, context);
    }
    const { answer, open, hidden } = found;
    const { freshScores: scores, freshSlots: slots } = answer;
    const idOf = (row: number): number => this.#reader.idOf(row);
    return merged(answer, { hidden, idOf }, { live, scores, slots, open }, k);
  }

  /** @param compiled what is asked of the compiled items, where it is not what is asked of the fresh. */
  async #ask(
    compiled: RetrievalRequest,
    request: RetrievalRequest,
    { deadlineMs }: CallContext,
  ): Promise<Found> {
    const startMs = performance.now();
    const query = this.#reader.read(compiled);
    if (query.k > this.#largestK) this.#largestK = query.k;
    this.#options.stages.record("model.plan", performance.now() - startMs);
    return await this.#batcher.submit({ request, query }, deadlineMs);
  }

  /** The changes are those of the moment when the batch begins. */
  async #run(batch: readonly Asked[]): Promise<Found[]> {
    const { live, ranked, open: slots, hidden: bits } = this.#changed;
    if (ranked !== null) return await this.#runWith(ranked.view(), batch);
    const hidden = bits.now();
    const openOf = live.count === 0 ? null : slots.now();
    const queries = batch.map(({ query, request }) =>
      openOf === null ? query : { ...query, freshOpen: openOf(request) },
    );
    const answers = await this.#engine.answer(queries, this.#toTell());
    const idsOf = (rows: Uint32Array): Float64Array => this.#reader.idsOf(rows);
    return answers.map((answer, at) => {
      const { freshOpen: open = NONE } = queries[at]!;
      return { answer, open, hidden, idsOf };
    });
  }

  /** What changed, for an engine that is told where the score is all that counts. */
  #toTell(): FreshItems | undefined {
    const { live, toHide } = this.#changed;
    const { count } = live;
    if (!this.#engine.widensAnswers || live.hidden === 0) return undefined;
    const tensors = (): ReturnType<FreshItems["tensors"]> => ({
      fresh_items: live.embeddings(count),
    });
    return { count, hidden: toHide.now(), tensors };
  }

  async #runWith(view: FreshView, batch: readonly Asked[]): Promise<Found[]> {
    const queries = batch.map(({ query, request }) => view.apply(query, request));
    const answers = await this.#engine.answer(queries, view.items);
    const idsOf = (rows: Uint32Array): Float64Array => view.idsOf(rows);
    // They are as the view has it already.
    const { words: hidden } = NONE;
    return answers.map((answer) => ({ answer, open: NONE, hidden, idsOf }));
  }

  /** Begins what is kept of the changes anew. */
  #changedBy(live: LiveItems): ChangedItems {
    const compiled: CompiledItems = {
      count: this.manifest.items,
      rowOf: (id) => this.#reader.rowOf(id),
      idsOf: (rows) => this.#reader.idsOf(rows),
    };
    return new ChangedItems(live, compiled, this.#recorder);
  }

  /** Finishes what is in flight, then frees the engine. Nothing may be asked after it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#engine[Symbol.asyncDispose]();
    this.#reader[Symbol.dispose]();
  }
}

/** Loads an artifact into its engine and runs that until nothing of it is cold. */
async function warmEngine(
  artifact: Artifact,
  {
    reader,
    last,
    ...options
  }: GenerationOptions & Pick<Parts, "reader"> & Pick<OpenOptions, "last">,
): Promise<Engine> {
  const { maxBatch, stages, onProgress } = options;
  const engine = await openEngine(artifact, options.engine, {
    onTimes: (times) => {
      for (const { stage, ms } of times) stages.record(stage, ms);
    },
    onProgress,
  });
  try {
    const k = Math.min(artifact.manifest.items, Math.max(USUAL_K, last?.largestK ?? 0));
    await warmUp(engine, { maxBatch, k, plan: reader.anyPlan(), onProgress });
    await engine.checkPlacement();
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

const rankedIds = ({ answer: { rows, values }, idsOf }: Found): RankedIds => ({
  ids: idsOf(rows),
  values,
});

function joined(one: Float64Array, other: Float64Array): Float64Array {
  const all = new Float64Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
