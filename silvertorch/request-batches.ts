import { Batcher } from "../src/door/batcher.ts";
import type { CallContext } from "../src/door/retriever.ts";
import type { StageTimes } from "../src/door/stage-times.ts";
import type { Histogram } from "../src/math/histogram.ts";
import type { RetrievalRequest } from "../src/retrieval/request.ts";
import type { Engine } from "./engine/engine.ts";
import type { FreshItems } from "./engine/fresh-items.ts";
import type { EngineQuery, FreshOpen } from "./engine/query.ts";
import type { RequestReader } from "./engine/request-reader.ts";
import type { ChangedItems } from "./live/changed-items.ts";
import type { FreshView } from "./live/fresh-index.ts";
import { BatchMerge, type RankedIds } from "./live/merge.ts";

export interface RequestBatchesOptions {
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  readonly maxInFlight: number;
  /** Where the times go. */
  readonly stages: StageTimes;
}

/** A request on its way to the engine. */
interface Asked {
  readonly request: RetrievalRequest;
  readonly query: EngineQuery;
}

const NONE: FreshOpen = { count: 0, words: new Uint32Array(0) };

/**
 * Requests to one artifact, planned one by one and answered by its engine in batches, each under the
 * changes of the moment when it begins.
 */
export class RequestBatches {
  readonly #reader: RequestReader;
  readonly #engine: Engine;
  readonly #stages: StageTimes;
  readonly #changed: () => ChangedItems;
  readonly #batcher: Batcher<Asked, RankedIds | null>;
  #largestK = 0;

  /** @param changed what changed by now. */
  constructor(
    reader: RequestReader,
    engine: Engine,
    changed: () => ChangedItems,
    { maxBatch, maxWaitMs, maxInFlight, stages }: RequestBatchesOptions,
  ) {
    this.#reader = reader;
    this.#engine = engine;
    this.#changed = changed;
    this.#stages = stages;
    this.#batcher = new Batcher({
      maxBatch,
      maxWaitMs,
      maxQueued: maxInFlight,
      lanes: engine.lanes,
      run: (batch) => stages.time("model.run", () => this.#run(batch)),
    });
  }

  /** The most items that were asked for at once. */
  get largestK(): number {
    return this.#largestK;
  }

  /** Requests in a batch. */
  get sizes(): Histogram {
    return this.#batcher.sizes;
  }

  /** Microseconds that requests waited for their batch. */
  get waits(): Histogram {
    return this.#batcher.waits;
  }

  /**
   * Answers a request; null: so many compiled items are hidden that too little is left, and it is to
   * be asked again without them.
   * @param compiled what is asked of the compiled items in place of what is asked of all.
   * @throws HarnessError BAD_INPUT, OVERLOADED or DEADLINE.
   */
  async ask(
    request: RetrievalRequest,
    compiled: Pick<RetrievalRequest, "k" | "exclude">,
    { deadlineMs }: CallContext,
  ): Promise<RankedIds | null> {
    const startMs = performance.now();
    const query = this.#reader.read(request, compiled);
    if (query.k > this.#largestK) this.#largestK = query.k;
    this.#stages.record("model.plan", performance.now() - startMs);
    return await this.#batcher.submit({ request, query }, deadlineMs);
  }

  async #run(batch: readonly Asked[]): Promise<(RankedIds | null)[]> {
    const changed = this.#changed();
    return await (changed.ranked === null
      ? this.#runBeside(changed, batch)
      : this.#runAmong(changed.ranked.view(), batch));
  }

  /** Fresh items are scored beside the answer. */
  async #runBeside(changed: ChangedItems, batch: readonly Asked[]): Promise<(RankedIds | null)[]> {
    const { live, open: slots, hidden: bits } = changed;
    const hidden = bits.now();
    const openOf = live.count === 0 ? null : slots.now();
    const queries = batch.map(({ query, request }): EngineQuery => {
      if (openOf === null) return query;
      const { user, k, plan, exclude } = query;
      // Field by field: a spread took 1.2 us of each request.
      return { user, k, plan, exclude, freshOpen: openOf(request) };
    });
    const answers = await this.#engine.answer(queries, this.#toTell(changed));
    const idOf = (row: number): number => this.#reader.idOf(row);
    const places = batch.reduce((sum, { request: { k } }) => sum + k, 0);
    const merge = new BatchMerge({ hidden, idOf, live }, places);
    return answers.map((answer, at) => {
      const { k: asked, freshOpen: open = NONE } = queries[at]!;
      return merge.merged(answer, { k: batch[at]!.request.k, asked, open });
    });
  }

  /** What changed, for an engine that is told where the score is all that counts. */
  #toTell({ live, toHide }: ChangedItems): FreshItems | undefined {
    const { count } = live;
    if (!this.#engine.widensAnswers || live.hidden === 0) return undefined;
    const tensors = (): ReturnType<FreshItems["tensors"]> => ({
      fresh_items: live.embeddings(count),
    });
    return { count, hidden: toHide.now(), tensors };
  }

  /** Fresh items are ranked among the compiled. */
  async #runAmong(view: FreshView, batch: readonly Asked[]): Promise<(RankedIds | null)[]> {
    const queries = batch.map(({ query, request }) => view.apply(query, request));
    const answers = await this.#engine.answer(queries, view.items);
    return answers.map(({ rows, values }) => ({ ids: view.idsOf(rows), values }));
  }
}
