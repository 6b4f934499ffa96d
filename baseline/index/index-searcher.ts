import type { CallContext } from "../../src/door/retriever.ts";
import type { HarnessError } from "../../src/errors.ts";
import { ownProcessStats } from "../../src/door/own-process.ts";
import { StageTimes } from "../../src/door/stage-times.ts";
import type { Changes, Dated, Follower } from "../live/changes.ts";
import type { Candidates, IndexService, Search, ServiceStats } from "../services.ts";
import type { DeviceIndex } from "./device-index.ts";
import { mistakeOf } from "./effort.ts";
import { type DeviceWalksOptions, walkOnDevice } from "./device-walks.ts";
import type { GraphSettings } from "./hnsw.ts";
import { createInt8Table } from "./int8-table.ts";
import type { SearchedData } from "./open-engine.ts";
import { SearchPool } from "./search-pool.ts";
import { SearchTurns } from "./search-turns.ts";
import { PATIENT, type Searching } from "./searching.ts";
import { createVectorTable } from "./vector-table.ts";

export interface IndexSearcherOptions extends Omit<SearchedData, "table" | "int8"> {
  /** float32 [count, dim], row-major; copied. */
  readonly embeddings: Float32Array;
  readonly dim: number;
  /** Threads that search; 1: the one that it is called in. */
  readonly threads: number;
  /** Where rows are found; null: in the workers. It ends with the service. */
  readonly device: DeviceIndex | null;
}

/** The index service: searches over vectors that its threads share and a mapped graph. */
export class IndexSearcher implements IndexService, AsyncDisposable {
  readonly followers: readonly Follower[] = [
    { service: "index", apply: (changes) => this.#searching.apply(vectorsOf(changes)) },
  ];
  readonly #searching: Searching;
  readonly #times: StageTimes;
  readonly #walks: DeviceWalksOptions | null;
  readonly #kind: GraphSettings["kind"];
  #deviceWalks = 0;

  private constructor(
    searching: Searching,
    times: StageTimes,
    { kind, walks }: { kind: GraphSettings["kind"]; walks: DeviceWalksOptions | null },
  ) {
    this.#kind = kind;
    this.#searching = searching;
    this.#times = times;
    this.#walks = walks;
  }

  static async start(options: IndexSearcherOptions): Promise<IndexSearcher> {
    const {
      embeddings,
      dim,
      graphFile,
      lists,
      range,
      settings,
      shard,
      shards,
      builtRows,
      threads,
    } = options;
    const times = new StageTimes();
    const table = createVectorTable({ embeddings, dim, scorers: threads });
    const int8 =
      settings.kind === "ivf-int8" ? createInt8Table({ embeddings, dim, scorers: threads }) : null;
    const data = { table, int8, graphFile, lists, range, settings, shard, shards, builtRows };
    const onBatch = (ms: number): void => times.record("index.search", ms);
    const searching =
      threads === 1
        ? new SearchTurns(data, onBatch)
        : await SearchPool.start(data, threads, onBatch);
    const items = table.count;
    const { device } = options;
    const walks = device === null ? null : { device, dim, items, builtRows, range, settings };
    return new IndexSearcher(searching, times, { kind: settings.kind, walks });
  }

  search(
    searches: readonly Search[],
    context: CallContext = PATIENT,
  ): Promise<readonly (Dated<Candidates> | HarnessError)[]> {
    return this.#times.time("index.batch", async () => {
      const mistakes = searches.map(({ effort }) => mistakeOf(effort, this.#kind));
      if (mistakes.every((mistake) => mistake === null))
        return await this.#search(searches, context);
      const sound = searches.filter((_, at) => mistakes[at] === null);
      const found = await this.#search(sound, context);
      let next = 0;
      return mistakes.map((mistake) => mistake ?? found[next++]!);
    });
  }

  async #search(
    searches: readonly Search[],
    context: CallContext,
  ): Promise<readonly Dated<Candidates>[]> {
    const options = this.#walks;
    if (options === null) return await this.#searching.search(searches, [], context);
    const walks = await this.#times.time("index.device", () => walkOnDevice(searches, options));
    this.#deviceWalks += walks.filter((walk) => walk !== null).length;
    return await this.#searching.search(searches, walks, context);
  }

  stats(): Promise<readonly ServiceStats[]> {
    const onDevice = this.#walks === null ? [] : [["device_walks", this.#deviceWalks] as const];
    const counters = [...this.#searching.counters(), ...onDevice];
    return Promise.resolve([
      {
        process: ownProcessStats("index"),
        stages: this.#times.encode(),
        counters: new Map(counters.map(([name, count]) => [`index.${name}`, count])),
      },
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#searching[Symbol.asyncDispose]();
    await this.#walks?.device[Symbol.asyncDispose]();
  }
}

/** What a search needs of changes: each worker gets a copy. */
function vectorsOf({ since, version, items }: Changes): Changes {
  const bare = items.map(({ row, item }) => ({
    row,
    item: item === null ? null : { ...NOTHING_ELSE, embedding: item.embedding },
  }));
  return { since, version, items: bare };
}

const NOTHING_ELSE = { dense: new Float32Array(0), attributes: new Map() };
