import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import type { EngineAnswer, EngineQuery } from "../engine/query.ts";
import type { Contestant } from "./contest.ts";
import type { Loaded } from "./workbench.ts";

/** Requests in batches, for one engine: the same in every round, and asked in turn. */
export class Batches {
  readonly #loaded: Loaded;
  readonly #batches: readonly (readonly EngineQuery[])[];
  #next = 0;

  /** @param size requests of a batch; a rest is left out. */
  constructor(loaded: Loaded, requests: readonly RetrievalRequest[], size: number) {
    this.#loaded = loaded;
    const queries = requests.map((request) => loaded.reader.read(request));
    this.#batches = Array.from({ length: Math.floor(queries.length / size) }, (_, at) =>
      queries.slice(at * size, (at + 1) * size),
    );
  }

  contestant(name: string): Contestant {
    return {
      name,
      run: () => this.#loaded.engine.answer(this.#batches[this.#next++ % this.#batches.length]!),
    };
  }

  /** @param anew an engine that knows of no filter what it needs, for every batch. */
  contestantAnew(name: string, anew: () => Pick<Loaded, "engine">): Contestant {
    return {
      name,
      run: () => anew().engine.answer(this.#batches[this.#next++ % this.#batches.length]!),
    };
  }

  async answers(): Promise<EngineAnswer[]> {
    const answers: EngineAnswer[] = [];
    for (const batch of this.#batches) answers.push(...(await this.#loaded.engine.answer(batch)));
    return answers;
  }
}

/** The share of the wanted rows that were found. */
export function recallOf(wanted: readonly EngineAnswer[], found: readonly EngineAnswer[]): number {
  let hits = 0;
  let all = 0;
  for (const [at, { rows }] of found.entries()) {
    const right = new Set(wanted[at]!.rows);
    all += right.size;
    hits += rows.filter((row) => right.has(row)).length;
  }
  return all === 0 ? 1 : hits / all;
}

/** Answers with fewer rows than were wanted. */
export function shortOf(wanted: readonly EngineAnswer[], found: readonly EngineAnswer[]): number {
  return found.filter(({ rows }, at) => rows.length < wanted[at]!.rows.length).length;
}
