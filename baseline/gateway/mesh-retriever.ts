import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../../src/errors.ts";
import { ownProcessStats } from "../../src/door/own-process.ts";
import type { CallContext, Retriever } from "../../src/door/retriever.ts";
import { StageTimes } from "../../src/door/stage-times.ts";
import type { SystemStats } from "../../src/door/stats.ts";
import { requireFinite, type RetrievalModel } from "../../src/retrieval/model.ts";
import type { Answer, RetrievalRequest, UserRef } from "../../src/retrieval/request.ts";
import { vectorsWithOverArch } from "../../src/retrieval/user-queries.ts";
import type { MeshSettings } from "../../src/scenario/settings.ts";
import type {
  Candidates,
  EligibleRows,
  MeshService,
  RankedRows,
  Ranking,
  SearchEffort,
  ServiceStats,
} from "../services.ts";
import { STALE_FEATURES } from "../feature/feature-store.ts";
import type { ChangeFeed } from "../live/change-feed.ts";
import type { Dated } from "../live/changes.ts";
import type { RowDirectory } from "../live/row-directory.ts";
import { callersOf } from "../replica-set.ts";
import { BatchedServices, type BatchedServicesOptions } from "./batched-services.ts";
import { ConsistentView } from "./consistent-view.ts";
import { bestByScore, type HeadUnion, uniteHeads } from "./head-union.ts";
import { mergeStats } from "./merged-stats.ts";

export interface MeshRetrieverOptions extends BatchedServicesOptions {
  readonly model: RetrievalModel;
  readonly rows: RowDirectory;
  readonly feed: ChangeFeed;
  readonly settings: MeshSettings;
  /** The process it runs in, as the report shows it. */
  readonly role: string;
}

/** The rows of a filter, and of which version; null: there was no filter to ask for. */
type MaybeDated = EligibleRows & { readonly version: number | null };

/** What is known of who asks. */
interface UserSide {
  /** float32[heads * dim] */
  readonly vectors: Float32Array;
  /** float32[userDim]; empty where the request brought its vectors. */
  readonly features: Float32Array;
}

/** Candidates of who asks, to be brought into order. */
type Rankable = UserSide & HeadUnion & Pick<Ranking, "k" | "version">;

type Ranked = Pick<RankedRows, "rows"> & { readonly values: ArrayLike<number> };

/**
 * The orchestrator of the mesh: features and filter are asked for at the same time, then the index
 * with what they gave, then the ranker.
 */
export class MeshRetriever implements Retriever {
  readonly #options: MeshRetrieverOptions;
  readonly #times = new StageTimes();
  readonly #ask: BatchedServices;
  #effort: SearchEffort = {};
  #askedAgain = 0;
  #mixed = 0;

  constructor(options: MeshRetrieverOptions) {
    this.#options = options;
    this.#ask = new BatchedServices(options);
  }

  /** Every search asks the index for this effort from now on. */
  searchWith(effort: SearchEffort): void {
    this.#effort = effort;
  }

  async retrieve(request: RetrievalRequest, context: CallContext): Promise<Answer> {
    const { model, rows: directory, feed, settings } = this.#options;
    const partialAfterMs = settings.partial === "allow" ? settings.partialAfterMs : null;
    const view = new ConsistentView({ feed, partialAfterMs }, context);
    const [user, first] = await Promise.all([
      this.#userSide(request.user, context),
      this.#eligible(request.filter, context),
    ]);
    // An item among the k best of the union is among the k best of the head that gives it its
    // score, so where that is its value no head needs more than k, however many it may have.
    const k = this.#ask.ranker === null ? request.k : model.candidates;
    const excluded = this.#rowsOf(request.exclude);
    let eligible = first;
    let candidates: Dated<Candidates> | null;
    for (;;) {
      candidates = null;
      if (eligible.count > 0) {
        const search = { vectors: user.vectors, k, eligible, excluded, effort: this.#effort };
        candidates = await this.#times.time("gateway.index", () =>
          this.#ask.index(search, context),
        );
      }
      const versions = { filter: eligible.version, index: candidates?.version ?? null };
      if (!(await view.mustAskAgain(versions))) break;
      this.#askedAgain++;
      eligible = await this.#eligible(request.filter, context);
    }
    if (view.isMixed) this.#mixed++;
    if (candidates === null) return { ...NO_ANSWER, partial: view.isMixed };
    const union = uniteHeads(candidates);
    const ranking = { ...user, ...union, k: request.k, version: this.#rankedFrom(candidates) };
    const { rows, values, isUnranked } = await this.#rankOrNot(ranking, context);
    const partial = isUnranked || view.isMixed || candidates.partial === true;
    return { ids: directory.idsOf(rows), values: Float32Array.from(values), partial };
  }

  async stats(): Promise<SystemStats> {
    const parts = await this.#partStats();
    const own = ownProcessStats(this.#options.role);
    // In one process, every service reports that process.
    const processes = new Map([...parts.map(({ process }) => process), own].map((p) => [p.pid, p]));
    return {
      processes: [...processes.values()],
      devices: [],
      batchSizes: this.#ask.searchSizes.encode(),
      ...mergeStats([{ stages: this.#times.encode(), counters: this.#counters() }, ...parts]),
    };
  }

  /** What is this gateway's alone, for another one that tells of the services. */
  async ownStats(): Promise<SystemStats> {
    const parts = await this.#partStats();
    const own = ownProcessStats(this.#options.role);
    const mine = parts.map(({ process, stages, counters }) =>
      process.pid === own.pid
        ? { stages, counters }
        : { stages: new Map<string, string>(), counters: callersOf(counters) },
    );
    return {
      processes: [own],
      devices: [],
      batchSizes: this.#ask.searchSizes.encode(),
      ...mergeStats([{ stages: this.#times.encode(), counters: this.#ownCounters() }, ...mine]),
    };
  }

  async #partStats(): Promise<readonly ServiceStats[]> {
    const { services } = this.#options;
    const all = (Object.values(services) as (MeshService | null)[]).filter((s) => s !== null);
    return (await Promise.all(all.map((service) => service.stats()))).flat();
  }

  /** Versions are told here and not by each service, since counters of one name are added up. */
  #counters(): ReadonlyMap<string, number> {
    const { feed } = this.#options;
    const versions = [...feed.versions()].map(([service, version]): [string, number] => [
      `version.${service}`,
      version,
    ]);
    return new Map([["version.newest", feed.version], ...versions, ...this.#ownCounters()]);
  }

  #ownCounters(): ReadonlyMap<string, number> {
    return new Map([
      ["gateway.asked_again", this.#askedAgain],
      ["gateway.mixed_versions", this.#mixed],
    ]);
  }

  async #userSide(user: UserRef, context: CallContext): Promise<UserSide> {
    const { model } = this.#options;
    if (user.kind === "vectors") {
      if (model.overArch !== null) throw vectorsWithOverArch();
      return { vectors: user.vectors, features: NO_FEATURES };
    }
    const features = user.kind === "features" ? user.features : await this.#known(user.id, context);
    requireFinite("user features", features, model.userDim);
    const { tower } = this.#ask;
    if (tower === null) return { vectors: features, features };
    const vectors = await this.#times.time("gateway.tower", () => tower(features, context));
    return { vectors, features };
  }

  async #known(id: number, context: CallContext): Promise<Float32Array> {
    const { feed } = this.#options;
    const oldest = feed.settled;
    const { features, version } = await this.#times.time("gateway.feature", () =>
      this.#ask.feature(id, context),
    );
    // What is known of users does not change, but who has forgotten the items is to learn of them.
    if (version < oldest && !feed.holds("feature")) feed.notice("feature", version);
    return features;
  }

  /** The k best by value; where that may be done without and is not to be had, by score. */
  async #rankOrNot(
    ranking: Rankable,
    context: CallContext,
  ): Promise<Ranked & { readonly isUnranked: boolean }> {
    const { partial, partialAfterMs } = this.#options.settings;
    if (partial === "forbid" || this.#ask.ranker === null) {
      return { ...(await this.#rank(ranking, context)), isUnranked: false };
    }
    const isLate = sleep(partialAfterMs, null, { ref: false });
    const ranked = await Promise.race([this.#rank(ranking, context).catch(unlessLost), isLate]);
    return ranked === null
      ? { ...bestByScore(ranking, ranking.k), isUnranked: true }
      : { ...ranked, isUnranked: false };
  }

  /** The k best of the candidates by value. */
  #rank(ranking: Rankable, context: CallContext): Promise<Ranked> {
    const { ranker } = this.#ask;
    if (ranker === null) return Promise.resolve(bestByScore(ranking, ranking.k));
    const { feed, model } = this.#options;
    const { overArch } = model;
    const needed = {
      ...ranking,
      features: overArch === null ? NO_FEATURES : ranking.features,
      vectors: overArch?.kind === "mlp" ? ranking.vectors : NO_FEATURES,
    };
    return this.#times.time("gateway.ranker", () =>
      ranker(needed, context).catch((thrown: unknown) => {
        const error = HarnessError.from(thrown);
        // A feature service that was restarted has forgotten what changed.
        if (error.where === STALE_FEATURES) feed.notice("feature", -1);
        throw error;
      }),
    );
  }

  /** The version that the ranker's features must have at least. */
  #rankedFrom({ version }: Dated<Candidates>): number {
    const { feed } = this.#options;
    // One that is held behind is meant to differ; shards that do have no version, NaN.
    return feed.holds("feature") || Number.isNaN(version) ? 0 : version;
  }

  /** No filter, no call: every item is eligible. */
  #eligible(filter: string, context: CallContext): Promise<MaybeDated> {
    if (filter.trim() === "") {
      const { count } = this.#options.rows;
      return Promise.resolve({ bitmap: null, count, version: null });
    }
    return this.#times.time("gateway.filter", () => this.#ask.filter(filter, context));
  }

  /** Unknown ids are ignored: nothing can return them. */
  #rowsOf(ids: Float64Array): Uint32Array {
    const rows = new Uint32Array(ids.length);
    let count = 0;
    for (const id of ids) {
      const row = this.#options.rows.rowOf(id);
      if (row >= 0) rows[count++] = row;
    }
    return rows.subarray(0, count);
  }
}

const NO_FEATURES = new Float32Array(0);

const NO_ANSWER: Answer = {
  ids: new Float64Array(0),
  values: new Float32Array(0),
  partial: false,
};

/** null for a service that is away or late, which can be done without; anything else is an error. */
function unlessLost(thrown: unknown): null {
  const error = HarnessError.from(thrown);
  if (error.code === "UNAVAILABLE" || error.code === "DEADLINE") return null;
  throw error;
}
