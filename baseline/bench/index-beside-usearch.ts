import { Histogram } from "../../src/math/histogram.ts";
import type { HarnessError } from "../../src/errors.ts";
import { builtFile } from "../../src/process/built-file.ts";
import { ServiceProcess } from "../../src/process/service-process.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { remoteIndex } from "../index/index-rpc.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { INDEX_SERVICE } from "../mesh-wire.ts";
import { Closing } from "../parts/closing.ts";
import { replicaOptions } from "../parts/connected-services.ts";
import type { PartConfig, PartReady } from "../parts/part.ts";
import { ReplicaSet } from "../replica-set.ts";
import type { IndexService, Search } from "../services.ts";
import type { Cpus } from "./core-plan.ts";
import type { Contender } from "./paired-speed.ts";
import type { UsearchConfig, WalkOrder, Walks } from "./usearch-main.ts";

export interface IndexBesideUsearchOptions {
  /** Built already. */
  readonly mesh: MeshConfig;
  readonly dataset: Dataset;
  /** Searches of a call. */
  readonly batch: number;
  readonly k: number;
  /** Of either process, all its threads. */
  readonly cpus: Cpus;
  /** On how many threads the service searches. */
  readonly threads: number;
}

interface Walking {
  readonly resolve: (walks: Walks) => void;
  readonly reject: (error: HarnessError) => void;
}

/** Batches that usearch is told to walk for at a time, so that telling it costs nothing. */
const WALKS = 16;

const WARM_CALLS = 5_000;
const WARM_LANES = 8;

/** As calls of a gateway have one. */
const DEADLINE_MS = 30_000;

/**
 * The index service as the mesh runs it, asked over gRPC from here, and usearch called directly
 * within a process: both on the same graph, the same queries and the same CPUs, which the service
 * has for its wire as well. Each rests while the other works.
 */
export class IndexBesideUsearch implements AsyncDisposable {
  readonly #options: IndexBesideUsearchOptions;
  readonly #closing: Closing;
  readonly #service: ServiceProcess<PartReady>;
  readonly #index: IndexService;
  readonly #usearch: ServiceProcess<object>;
  #at = 0;
  /** Told when usearch has walked, or cannot any more. */
  #walking: Walking | null = null;
  #walkSeconds = 0;

  private constructor(
    options: IndexBesideUsearchOptions,
    closing: Closing,
    opened: {
      service: ServiceProcess<PartReady>;
      index: IndexService;
      usearch: ServiceProcess<object>;
    },
  ) {
    this.#options = options;
    this.#closing = closing;
    this.#service = opened.service;
    this.#index = opened.index;
    this.#usearch = opened.usearch;
    this.#usearch.onMessage((message) => this.#walking?.resolve(message as Walks));
    void this.#usearch.died.then((error) => this.#walking?.reject(error));
  }

  static start(options: IndexBesideUsearchOptions): Promise<IndexBesideUsearch> {
    const { mesh, batch, k, cpus } = options;
    const closing = new Closing();
    const { signal } = new AbortController();
    return closing.unless(async () => {
      const usearch = closing.add(
        await ServiceProcess.start<UsearchConfig, object>({
          file: builtFile(import.meta.url, "./usearch-main.js"),
          role: "usearch",
          config: { mesh, batch, k },
          cpus,
          signal,
        }),
      );
      const service = closing.add(
        await ServiceProcess.start<PartConfig, PartReady>({
          file: builtFile(import.meta.url, "../parts/part-main.js"),
          role: "index",
          config: { mesh, part: { role: "index", shard: 0 }, port: 0 },
          cpus,
          signal,
        }),
      );
      const address = `127.0.0.1:${service.ready.port}`;
      const set = await ReplicaSet.connect([address], INDEX_SERVICE, replicaOptions(mesh));
      closing.defer(() => set.close());
      return new IndexBesideUsearch(options, closing, {
        service,
        index: remoteIndex(set),
        usearch,
      });
    });
  }

  /**
   * Asks the service for little, often: V8 compiles what runs some thousand times, and batches of
   * milliseconds would take a minute for that.
   */
  async warm(): Promise<void> {
    let left = WARM_CALLS;
    const lane = async (): Promise<void> => {
      while (left-- > 0) {
        const [search] = this.#searches();
        await this.#index.search([search!], { deadlineMs: performance.now() + DEADLINE_MS });
      }
    };
    await Promise.all(Array.from({ length: WARM_LANES }, lane));
  }

  get pid(): number {
    return this.#service.pid;
  }

  /** Milliseconds that the service has searched so far, by its own clock. */
  async searchMs(): Promise<number> {
    const [{ stages } = { stages: new Map<string, string>() }] = await this.#index.stats();
    const { mean, count } = Histogram.decode(stages.get("index.search")!);
    return (mean * count) / 1000;
  }

  /** The service, with as many calls under way as its gateway has. */
  get service(): Contender {
    const { batch, threads } = this.#options;
    return {
      name: "index service over gRPC",
      units: batch,
      lanes: threads + 1,
      run: () => {
        const context = { deadlineMs: performance.now() + DEADLINE_MS };
        return this.#index.search(this.#searches(), context);
      },
      cpuSeconds: async () => (await this.#index.stats())[0]!.process.cpuSeconds,
    };
  }

  get usearch(): Contender {
    return {
      name: "usearch called directly",
      units: WALKS * this.#options.batch,
      run: () => this.#walk(WALKS),
      cpuSeconds: () => Promise.resolve(this.#walkSeconds),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing[Symbol.asyncDispose]();
  }

  async #walk(batches: number): Promise<void> {
    const { cpuSeconds } = await new Promise<Walks>((resolve, reject) => {
      this.#walking = { resolve, reject };
      this.#usearch.send({ type: "walk", batches } satisfies WalkOrder);
    });
    this.#walkSeconds = cpuSeconds;
  }

  #searches(): Search[] {
    const { batch, k, dataset } = this.#options;
    const { dim, count, features } = dataset.users;
    this.#at = (this.#at + batch) % (count - batch);
    const from = this.#at;
    return Array.from({ length: batch }, (_, n) => ({
      vectors: features.slice((from + n) * dim, (from + n + 1) * dim),
      k,
      eligible: { bitmap: null, count: dataset.catalogue.count },
      excluded: new Uint32Array(0),
    }));
  }
}
