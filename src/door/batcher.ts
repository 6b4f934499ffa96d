import { HarnessError } from "../errors.ts";
import { Histogram } from "../math/histogram.ts";

export interface BatcherOptions<Q, A> {
  /** Most queries handed to `run` at once. */
  readonly maxBatch: number;
  /** How long the first query waits for company while the engine is idle; 0: not at all. */
  readonly maxWaitMs: number;
  /** Queries that may wait; the next one is refused. */
  readonly maxQueued: number;
  /** Batches that `run` may have under way; default 1. */
  readonly lanes?: number;
  /**
   * Answers a batch, in its order. Rejecting fails the whole batch; a HarnessError in the place of
   * an answer fails only that query.
   */
  readonly run: (batch: readonly Q[]) => Promise<readonly (A | HarnessError)[]>;
}

interface Waiting<Q, A> {
  readonly query: Q;
  /** performance.now() after which nobody waits for the answer. */
  readonly deadlineMs: number;
  readonly queuedAtMs: number;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Dynamic batching in front of an engine that is faster on many queries than on one. While the
 * engine works, queries gather; as soon as it is free they go to it together. On an idle engine a
 * query waits at most `maxWaitMs`, or, with 0, only until the end of the event loop's turn, so
 * that what arrived in one read of the socket travels together.
 *
 * Both systems under test use this class, so that neither is batched by better rules.
 */
export class Batcher<Q, A> {
  /** Queries in a batch. */
  readonly sizes: Histogram = Histogram.create();
  /** Microseconds from `submit` until the batch left. */
  readonly waits: Histogram = Histogram.create();
  readonly #options: BatcherOptions<Q, A>;
  readonly #lanes: number;
  #queue: Waiting<Q, A>[] = [];
  #head = 0;
  #running = 0;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BatcherOptions<Q, A>) {
    this.#options = options;
    this.#lanes = options.lanes ?? 1;
  }

  /** Queries waiting, not yet handed to the engine. */
  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /**
   * Puts a query in line.
   * @param deadlineMs performance.now() until which its answer is of use; Infinity: always.
   * @throws HarnessError OVERLOADED if the line is full, DEADLINE if it expired in it, and
   *   whatever `run` rejects with.
   */
  submit(query: Q, deadlineMs: number): Promise<A> {
    const { maxQueued } = this.#options;
    if (this.queued >= maxQueued) {
      return Promise.reject(
        new HarnessError("OVERLOADED", `the queue is full: ${maxQueued} requests are waiting`),
      );
    }
    return new Promise<A>((resolve, reject) => {
      this.#queue.push({ query, deadlineMs, queuedAtMs: performance.now(), resolve, reject });
      this.#wake();
    });
  }

  /** Sees to it that the queue is looked at when it should be, once. */
  #wake(): void {
    if (this.#running >= this.#lanes || this.#scheduled) return;
    const { maxBatch, maxWaitMs } = this.#options;
    if (maxWaitMs === 0 || this.queued >= maxBatch) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#dispatch();
      });
    } else if (this.#timer === undefined) {
      const waitedMs = performance.now() - this.#queue[this.#head]!.queuedAtMs;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#dispatch();
      }, maxWaitMs - waitedMs);
    }
  }

  /** Fills the free lanes from the queue. */
  #dispatch(): void {
    while (this.#running < this.#lanes && this.queued > 0) {
      const batch = this.#takeBatch();
      if (batch.length > 0) void this.#runBatch(batch);
    }
  }

  /** The oldest queries that still have time; those that have none are told so. */
  #takeBatch(): Waiting<Q, A>[] {
    const nowMs = performance.now();
    const batch: Waiting<Q, A>[] = [];
    while (batch.length < this.#options.maxBatch && this.#head < this.#queue.length) {
      const waiting = this.#queue[this.#head++]!;
      if (waiting.deadlineMs <= nowMs) {
        waiting.reject(new HarnessError("DEADLINE", "the deadline passed while it was queued"));
      } else {
        this.waits.recordMs(nowMs - waiting.queuedAtMs);
        batch.push(waiting);
      }
    }
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
    return batch;
  }

  async #runBatch(batch: readonly Waiting<Q, A>[]): Promise<void> {
    this.#running++;
    this.sizes.record(batch.length);
    try {
      const answers = await this.#options.run(batch.map(({ query }) => query));
      if (answers.length !== batch.length) {
        throw new HarnessError(
          "INTERNAL",
          `the engine gave ${answers.length} answers to a batch of ${batch.length}`,
        );
      }
      for (const [i, waiting] of batch.entries()) {
        const answer = answers[i] as A | HarnessError;
        if (answer instanceof HarnessError) waiting.reject(answer);
        else waiting.resolve(answer);
      }
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      this.#running--;
      // Whoever gathered meanwhile has waited long enough: the engine is free now.
      this.#dispatch();
    }
  }
}
