import { Batcher } from "../../src/door/batcher.ts";
import type { Histogram } from "../../src/math/histogram.ts";
import type { HarnessError } from "../../src/errors.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import type { MeshSettings } from "../../src/scenario/settings.ts";
import { concatenated } from "../../src/math/concatenated.ts";
import type { Dated } from "../live/changes.ts";
import type {
  Candidates,
  EligibleRows,
  MeshServices,
  RankedRows,
  Ranking,
  Search,
  UserFeatures,
} from "../services.ts";
import type { Lanes } from "./lanes.ts";

/** One query of many to a service. */
export type AskOne<Q, A> = (query: Q, context: CallContext) => Promise<A>;

export interface BatchedServicesOptions {
  readonly services: MeshServices;
  readonly settings: Pick<MeshSettings, "maxBatch" | "maxWaitMs" | "maxInFlight">;
  /** Batches that each service is asked at once. */
  readonly lanes: Lanes;
}

/** A query waiting in a batcher, with the time its caller has. */
interface Asked<Q> {
  readonly query: Q;
  readonly deadlineMs: number;
}

/**
 * The services as one request asks them. What is asked of a service while calls to it are under way
 * goes out together, with the next one.
 */
export class BatchedServices {
  readonly feature: AskOne<number, Dated<UserFeatures>>;
  readonly filter: AskOne<string, Dated<EligibleRows>>;
  readonly index: AskOne<Search, Dated<Candidates>>;
  /** null: there is no ranker. */
  readonly ranker: AskOne<Ranking, RankedRows> | null;
  /** From a user's features to its vectors; null: there is no tower. */
  readonly tower: AskOne<Float32Array, Float32Array> | null;
  /** Searches of a batch. */
  readonly searchSizes: Histogram;

  constructor({ services, settings, lanes }: BatchedServicesOptions) {
    const { feature, filter, index, ranker, tower } = services;
    const batcher = <Q, A>(
      under: number,
      call: (queries: readonly Q[], context: CallContext) => Promise<readonly (A | HarnessError)[]>,
    ): Batcher<Asked<Q>, A> => batcherOf(settings, under, call);
    this.feature = asking(
      batcher(lanes.feature, (ids: readonly number[], context) =>
        feature.users(Float64Array.from(ids), context),
      ),
    );
    this.filter = asking(
      batcher(lanes.filter, async (texts: readonly string[], context) => {
        // Whoever asks for the same gets the same bitmap, which the index then gets once, too.
        const distinct = [...new Set(texts)];
        const found = await filter.evaluate(distinct, context);
        const answers = new Map(distinct.map((text, at) => [text, found[at]!]));
        return texts.map((text) => answers.get(text)!);
      }),
    );
    const searches = batcher(lanes.index, (some: readonly Search[], context) =>
      index.search(some, context),
    );
    this.searchSizes = searches.sizes;
    this.index = asking(searches);
    this.ranker =
      ranker === null
        ? null
        : asking(
            batcher(lanes.ranker, (rankings: readonly Ranking[], context) =>
              ranker.rank(rankings, context),
            ),
          );
    this.tower =
      tower === null
        ? null
        : asking(
            batcher(lanes.tower, async (users: readonly Float32Array[], context) =>
              split(await tower.embed(concatenated(Float32Array, users), context), users.length),
            ),
          );
  }
}

function batcherOf<Q, A>(
  { maxBatch, maxWaitMs, maxInFlight }: BatchedServicesOptions["settings"],
  lanes: number,
  call: (queries: readonly Q[], context: CallContext) => Promise<readonly (A | HarnessError)[]>,
): Batcher<Asked<Q>, A> {
  return new Batcher({
    maxBatch,
    maxWaitMs,
    maxQueued: maxInFlight,
    lanes,
    run: (batch) =>
      call(
        batch.map(({ query }) => query),
        // The batch is of use as long as one of its callers waits.
        { deadlineMs: Math.max(...batch.map(({ deadlineMs }) => deadlineMs)) },
      ),
  });
}

function asking<Q, A>(batcher: Batcher<Asked<Q>, A>): AskOne<Q, A> {
  return (query, { deadlineMs }) => batcher.submit({ query, deadlineMs }, deadlineMs);
}

/** Vectors of so many users, a view each. */
function split(vectors: Float32Array, users: number): Float32Array[] {
  const each = vectors.length / users;
  return Array.from({ length: users }, (_, at) => vectors.subarray(at * each, (at + 1) * each));
}
