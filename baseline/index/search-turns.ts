import { setImmediate as nextTurn } from "node:timers/promises";
import type { Changes, Dated } from "../live/changes.ts";
import type { Candidates, Search } from "../services.ts";
import { openEngine, type SearchedData } from "./open-engine.ts";
import type { SearchEngine } from "./search-engine.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { PATIENT, type Searching, tooLate } from "./searching.ts";
import type { Walked } from "./walk.ts";

/**
 * Rows that the searches of one turn have at most, if they look at all of them: some 30 ms. A walk
 * takes far less.
 */
const ROWS_A_TURN = 1_000_000;

/**
 * Searches in the thread that it is called in, for a service with a single CPU: a thread beside it
 * would not make it faster, but being handed each batch costs. Batches are taken one after the
 * other, each in a turn of the event loop, so that an answer is sent and the next call is read
 * before the next walk; where a scan is long, each search has a turn.
 */
export class SearchTurns implements Searching {
  readonly #engine: SearchEngine;
  readonly #searchesATurn: number;
  readonly #onBatch: (ms: number) => void;
  /** Settles once all that was asked is answered. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param onBatch Told how long the searches of each turn took.
   * @param rowsATurn For tests.
   */
  constructor(data: SearchedData, onBatch: (ms: number) => void, rowsATurn = ROWS_A_TURN) {
    this.#engine = openEngine(data, 0);
    this.#searchesATurn = Math.max(1, Math.floor(rowsATurn / data.table.count));
    this.#onBatch = onBatch;
  }

  search(
    searches: readonly Search[],
    walks: readonly (Walked | null)[] = [],
    context: CallContext = PATIENT,
  ): Promise<readonly Dated<Candidates>[]> {
    const before = this.#last;
    const answered = this.#answer(before, searches, walks, context);
    this.#last = answered.catch(() => {});
    return answered;
  }

  apply(changes: Changes): Promise<number> {
    return Promise.resolve(this.#engine.apply(changes));
  }

  counters(): ReadonlyMap<string, number> {
    return new Map(Object.entries(this.#engine.counters));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
  }

  async #answer(
    before: Promise<unknown>,
    searches: readonly Search[],
    walks: readonly (Walked | null)[],
    { deadlineMs }: CallContext,
  ): Promise<readonly Dated<Candidates>[]> {
    await before;
    const found: Dated<Candidates>[] = [];
    for (let from = 0; from < searches.length; from += this.#searchesATurn) {
      const to = from + this.#searchesATurn;
      await nextTurn();
      const startMs = performance.now();
      if (startMs >= deadlineMs) throw tooLate();
      const { version } = this.#engine;
      const some = this.#engine.search(searches.slice(from, to), walks.slice(from, to));
      for (const one of some) found.push({ ...one, version });
      this.#onBatch(performance.now() - startMs);
    }
    return found;
  }
}
