import { setTimeout as sleep } from "node:timers/promises";
import { builtFile } from "../../src/process/built-file.ts";
import { ServiceProcess } from "../../src/process/service-process.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { remoteFeature } from "../feature/feature-rpc.ts";
import { remoteFilter } from "../filter/filter-rpc.ts";
import { remoteIndex } from "../index/index-rpc.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { FEATURE_SERVICE, FILTER_SERVICE, INDEX_SERVICE } from "../mesh-wire.ts";
import { Closing } from "../parts/closing.ts";
import { replicaOptions } from "../parts/connected-services.ts";
import type { Part, PartConfig, PartReady } from "../parts/part.ts";
import { ReplicaSet } from "../replica-set.ts";
import type { EligibleRows, MeshService, Search } from "../services.ts";
import type { CorePlan } from "./core-plan.ts";

export type CalledRole = "feature" | "filter" | "index";

/** CPU milliseconds a request of each service's process. */
export type ServiceCpu = Readonly<Record<CalledRole, number>>;

/** How a service is called in the mesh. */
export interface Pace {
  /** Requests that go together in a call, on the average. */
  readonly batch: number;
  /** Calls under way at most. */
  readonly lanes: number;
  /** How long all calls together took, from the first to the last; 0: each follows the one before. */
  readonly seconds: number;
}

export interface ApartOptions {
  readonly mesh: MeshConfig;
  readonly requests: readonly RetrievalRequest[];
  /** float32[dim] of a request's user. */
  readonly vectorOf: (request: RetrievalRequest) => Float32Array;
  /** Rows of the items to leave out. */
  readonly excludedOf: (request: RetrievalRequest) => Uint32Array;
  readonly items: number;
  /** Where each runs. */
  readonly cpusOf: CorePlan["cpusOf"];
}

const CONTEXT = { deadlineMs: Infinity };

/** Each service in a process of its own, as in the mesh, but called from here and one at a time. */
export class ServicesApart implements AsyncDisposable {
  readonly #options: ApartOptions;
  readonly #closing = new Closing();
  readonly #filtered: readonly RetrievalRequest[];
  #sets: Readonly<Record<CalledRole, ReplicaSet>> | null = null;
  #searches: readonly Search[] = [];

  private constructor(options: ApartOptions) {
    this.#options = options;
    this.#filtered = options.requests.filter(({ filter }) => filter !== "");
  }

  static async start(options: ApartOptions): Promise<ServicesApart> {
    const apart = new ServicesApart(options);
    await apart.#closing.unless(() => apart.#open());
    return apart;
  }

  /** What each service uses for all requests once, in calls as they are in the mesh. */
  async cpu(paces: Readonly<Record<CalledRole, Pace>>): Promise<ServiceCpu> {
    const { requests } = this.#options;
    const ids = requests.flatMap(({ user }) => (user.kind === "id" ? [user.id] : []));
    const texts = this.#filtered.map(({ filter }) => filter);
    const feature = remoteFeature(this.#sets!.feature);
    const filter = remoteFilter(this.#sets!.filter);
    const index = remoteIndex(this.#sets!.index);
    return {
      feature: await this.#used(feature, ids, paces.feature, (some) =>
        feature.users(Float64Array.from(some), CONTEXT),
      ),
      filter: await this.#used(filter, texts, paces.filter, (some) =>
        filter.evaluate(some, CONTEXT),
      ),
      index: await this.#used(index, this.#searches, paces.index, (some) =>
        index.search(some, CONTEXT),
      ),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing[Symbol.asyncDispose]();
  }

  async #open(): Promise<void> {
    this.#sets = {
      feature: await this.#alone({ role: "feature" }, FEATURE_SERVICE),
      filter: await this.#alone({ role: "filter" }, FILTER_SERVICE),
      index: await this.#alone({ role: "index", shard: 0 }, INDEX_SERVICE),
    };
    const { requests, items, vectorOf, excludedOf } = this.#options;
    const filter = remoteFilter(this.#sets.filter);
    const eligible = new Map<RetrievalRequest, EligibleRows>();
    for (const request of this.#filtered) {
      const [answer] = await filter.evaluate([request.filter], CONTEXT);
      eligible.set(request, answer as EligibleRows);
    }
    this.#searches = requests.map((request) => ({
      vectors: vectorOf(request),
      k: request.k,
      eligible: eligible.get(request) ?? { bitmap: null, count: items },
      excluded: excludedOf(request),
    }));
  }

  async #alone(part: Part & { role: CalledRole }, service: string): Promise<ReplicaSet> {
    const { mesh, cpusOf } = this.#options;
    const started = this.#closing.add(
      await ServiceProcess.start<PartConfig, PartReady>({
        file: builtFile(import.meta.url, "../parts/part-main.js"),
        role: part.role,
        config: { mesh, part, port: 0 },
        cpus: cpusOf(part.role),
        signal: new AbortController().signal,
      }),
    );
    const address = `127.0.0.1:${started.ready.port}`;
    const set = await ReplicaSet.connect([address], service, replicaOptions(mesh));
    this.#closing.defer(() => set.close());
    return set;
  }

  /** CPU milliseconds a request of the service's process while it is asked. */
  async #used<Query>(
    service: MeshService,
    queries: readonly Query[],
    pace: Pace,
    call: (queries: readonly Query[]) => Promise<unknown>,
  ): Promise<number> {
    const cpuSeconds = async (): Promise<number> => (await service.stats())[0]!.process.cpuSeconds;
    const before = await cpuSeconds();
    await callAll(inCalls(queries, pace.batch), pace, call);
    return (((await cpuSeconds()) - before) * 1000) / this.#options.requests.length;
  }
}

/** Makes the calls, none before its time. */
async function callAll<Query>(
  calls: readonly (readonly Query[])[],
  { lanes, seconds }: Pace,
  call: (queries: readonly Query[]) => Promise<unknown>,
): Promise<void> {
  const startMs = performance.now();
  const everyMs = (seconds * 1000) / calls.length;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < calls.length) {
      const at = next++;
      const earlyMs = startMs + at * everyMs - performance.now();
      if (earlyMs > 0) await sleep(earlyMs);
      await call(calls[at]!);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Queries in calls of so many each on the average, which need not be a whole number. */
function inCalls<Query>(queries: readonly Query[], mean: number): (readonly Query[])[] {
  const calls: (readonly Query[])[] = [];
  for (let from = 0, n = 1; from < queries.length; n++) {
    const to = Math.max(from + 1, Math.round(n * mean));
    calls.push(queries.slice(from, to));
    from = to;
  }
  return calls;
}
