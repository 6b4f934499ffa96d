import type { Ranked } from "../../src/math/top-k.ts";
import { concatenated } from "../../src/math/concatenated.ts";
import { RowSet } from "../row-set.ts";
import type { Candidates, Search, SearchEffort } from "../services.ts";
import { isCoarseOn } from "./device-precision.ts";
import type { ClusterProbe } from "./cluster-probe.ts";
import type { ExactScan, IsExcluded } from "./exact-scan.ts";
import { ExcludedRows, nothing } from "./excluded-rows.ts";
import { HnswGraph } from "./hnsw.ts";
import type { Changes } from "../live/changes.ts";
import { FreshRows, type FreshSearch } from "./fresh-rows.ts";
import { packHeads } from "./pack-heads.ts";
import { type Job, prepareJob, type Searched } from "./search-job.ts";
import { type SearchPlan, widenWalk } from "./search-plan.ts";
import {
  firstPassing,
  RankedWalker,
  rowsOfQuery,
  type Walked,
  type Walker,
  wholeAnswers,
} from "./walk.ts";

/** How searches were answered, counted from the start. */
export interface SearchCounters {
  searches: number;
  exactScans: number;
  walks: number;
  probes: number;
  /** Walks repeated for more rows because too few passed. */
  topUps: number;
  /** Walks and probes that ended in an exact scan after all. */
  fallbacks: number;
}

interface EngineParts extends Searched {
  readonly scan: ExactScan;
  readonly dim: number;
  /** Whether a row that was not there at the build is searched here; absent: every one. */
  readonly isOwn?: (row: number) => boolean;
}

/**
 * Nearest eligible rows: joins the filter's bitmap with the index or with an exact scan, and never
 * gives fewer rows than there are. Belongs to one thread.
 */
export class SearchEngine {
  readonly counters: SearchCounters = {
    searches: 0,
    exactScans: 0,
    walks: 0,
    probes: 0,
    topUps: 0,
    fallbacks: 0,
  };
  readonly #parts: EngineParts;
  /** The eligible rows of the search at hand. */
  readonly #rows: Uint32Array;
  readonly #excluded: ExcludedRows;
  readonly #fresh: FreshRows;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#rows = new Uint32Array(parts.items);
    this.#excluded = new ExcludedRows(parts.items);
    const { dim, items, range, isOwn = () => true } = parts;
    this.#fresh = new FreshRows({ dim, built: range ?? { from: 0, to: items }, isOwn });
  }

  /** Version of the items that it searches. */
  get version(): number {
    return this.#fresh.version;
  }

  /** Searches what the items are after the changes. @returns the version it has now. */
  apply(changes: Changes): number {
    return this.#fresh.apply(changes);
  }

  /**
   * Answers a batch in its order. Walks of the same width are handed to the graph together.
   * @param walks What was found elsewhere for each search, or null; absent: nothing was.
   */
  search(searches: readonly Search[], walks: readonly (Walked | null)[] = []): Candidates[] {
    const hidesAny = this.#fresh.hiddenCount > 0;
    const jobs = searches.map((search, at) =>
      prepareJob(search, walks[at] ?? null, this.#parts, hidesAny),
    );
    this.#walkTogether(jobs);
    if (this.#fresh.count === 0) {
      return jobs.map((job) => this.#whole(job) ?? packHeads(this.#answer(job)));
    }
    const found = jobs.map((job) => this.#answer(job));
    return this.#fresh.join(jobs.map((job, at) => freshOf(job, found[at]!))).map(packHeads);
  }

  #walkTogether(jobs: readonly Job[]): void {
    const alikes = new Map<string, Job[]>();
    for (const job of jobs) {
      if (job.plan.kind !== "walk" || job.isGiven) continue;
      const { probes, expansionSearch } = job.effort;
      const key = `${job.plan.wanted} ${probes} ${expansionSearch}`;
      const alike = alikes.get(key);
      if (alike === undefined) alikes.set(key, [job]);
      else alike.push(job);
    }
    for (const alike of alikes.values()) {
      const [{ plan, effort }] = alike as [Job];
      const walk = this.#walker(effort).walk(
        concatenated(
          Float32Array,
          alike.map(({ search }) => search.vectors),
        ),
        (plan as Extract<SearchPlan, { kind: "walk" }>).wanted,
      );
      let first = 0;
      for (const job of alike) {
        job.walked = { walk, first };
        first += job.search.vectors.length / this.#parts.dim;
      }
    }
  }

  /** What finds more rows than are wanted, for a filter to choose from. */
  #walker({ probes, expansionSearch }: Required<SearchEffort>): Walker {
    const { near, scan, dim } = this.#parts;
    if (near instanceof HnswGraph) return near.expandedTo(expansionSearch);
    const all = { eligible: null, isExcluded: nothing, bonus: null };
    return new RankedWalker(dim, (query, k) =>
      near === null
        ? scan.best({ query, rows: null, k, isExcluded: nothing })
        : near.best({ ...all, query, k, probes, least: 0 })!,
    );
  }

  /** A walk's rows as they are, without a copy, where nothing is left out; null: sift them. */
  #whole({ search, eligible, walked, isGiven }: Job): Candidates | null {
    const { dim, range } = this.#parts;
    const mayLackRows = eligible !== null || search.excluded.length > 0;
    if (walked === null || mayLackRows || this.#fresh.hiddenCount > 0) return null;
    if (this.#isCoarse(isGiven) || (range?.from ?? 0) > 0) return null;
    const queries = search.vectors.length / dim;
    const { walk, first } = walked;
    const whole = wholeAnswers(walk, { first, queries, k: search.k });
    if (whole === null) return null;
    this.counters.searches++;
    this.counters.walks += queries;
    return { ...whole, counts: new Uint32Array(queries).fill(search.k) };
  }

  #answer(job: Job): Ranked[] {
    const { dim } = this.#parts;
    const { vectors } = job.search;
    const isExcluded = this.#mark(job.search.excluded);
    const queries = Array.from({ length: vectors.length / dim }, (_, head) =>
      vectors.subarray(head * dim, (head + 1) * dim),
    );
    this.counters.searches++;
    const heads = this.#answerHeads(job, queries, isExcluded);
    const first = this.#parts.range?.from ?? 0;
    if (first > 0) for (const { rows } of heads) for (const at of rows.keys()) rows[at]! += first;
    return heads;
  }

  #answerHeads(job: Job, queries: readonly Float32Array[], isExcluded: IsExcluded): Ranked[] {
    const { plan, walked } = job;
    if (plan.kind === "probe") return this.#probeHeads(job, plan, queries, isExcluded);
    if (walked === null) return this.#scan(job, queries, isExcluded);
    return queries.map((query, head) => this.#sift(job, walked, head, query, isExcluded));
  }

  /** What passes of the walk; walks on, or scans, until k have. */
  #sift(
    job: Job,
    { walk: shared, first }: { walk: Walked; first: number },
    head: number,
    query: Float32Array,
    isExcluded: IsExcluded,
  ): Ranked {
    let walk = shared;
    let at = first + head;
    for (;;) {
      this.counters.walks++;
      const passed = this.#passing(job, walk, at, query, isExcluded);
      if (passed.rows.length === job.search.k) return passed;
      const reached = { wanted: walk.wanted, found: walk.counts[at]! };
      const { join } = this.#parts.settings;
      // Whoever found it elsewhere is not at hand to find more.
      const wanted = job.isGiven ? null : widenWalk(job.shape, reached, join);
      if (wanted === null) {
        this.counters.fallbacks++;
        return this.#scan(job, [query], isExcluded)[0]!;
      }
      this.counters.topUps++;
      walk = this.#walker(job.effort).walk(query, wanted);
      at = 0;
    }
  }

  #passing(
    { eligible, search, isGiven }: Job,
    walk: Walked,
    at: number,
    query: Float32Array,
    isExcluded: IsExcluded,
  ): Ranked {
    const passes = (row: number): boolean =>
      !isExcluded(row) && (eligible === null || eligible.has(row));
    const own = rowsOfQuery(walk, at);
    if (!this.#isCoarse(isGiven)) return firstPassing(own, search.k, passes);
    const rows = own.rows.filter(passes);
    if (rows.length < search.k) return firstPassing(own, search.k, passes);
    // A coarser index finds the neighbourhood; the order within it is the full vectors'.
    return this.#parts.scan.best({
      query,
      rows: rows.toSorted(),
      k: search.k,
      isExcluded: nothing,
    });
  }

  /** Whether a walk's values are not yet those of the full vectors. */
  #isCoarse(isGiven: boolean): boolean {
    const { near, settings } = this.#parts;
    if (isGiven) return isCoarseOn(settings.device!);
    return near instanceof HnswGraph && settings.precision !== "f32";
  }

  #probeHeads(
    job: Job,
    { probes, least }: Extract<SearchPlan, { kind: "probe" }>,
    queries: readonly Float32Array[],
    isExcluded: IsExcluded,
  ): Ranked[] {
    const near = this.#parts.near as ClusterProbe;
    const { eligible, search } = job;
    // Where all are looked into, their order is of no matter.
    const bonus = probes < near.clusters ? near.bonusOf(eligible) : null;
    const asked = { k: search.k, eligible, isExcluded, bonus, probes, least };
    return queries.map((query) => {
      this.counters.probes++;
      const found = near.best({ ...asked, query });
      if (found !== null) return found;
      this.counters.fallbacks++;
      return this.#scan(job, [query], isExcluded)[0]!;
    });
  }

  #scan(
    { eligible, search: { k } }: Job,
    queries: readonly Float32Array[],
    isExcluded: IsExcluded,
  ): Ranked[] {
    this.counters.exactScans += queries.length;
    const rows = eligible === null ? null : this.#rows.subarray(0, eligible.writeRows(this.#rows));
    return this.#parts.scan.bestOfEach(queries, { rows, k, isExcluded });
  }

  /** Rows that a search excludes, or that must not be found any more. */
  #mark(excluded: Uint32Array): IsExcluded {
    const isExcluded = this.#excluded.mark(excluded);
    const fresh = this.#fresh;
    if (fresh.hiddenCount === 0) return isExcluded;
    if (excluded.length === 0) return (row) => fresh.hides(row);
    return (row) => isExcluded(row) || fresh.hides(row);
  }
}

/** What the rows that changed compete with. */
function freshOf({ search, excluded }: Job, found: readonly Ranked[]): FreshSearch {
  const { vectors, k, eligible } = search;
  const { bitmap } = eligible;
  return { found, vectors, k, eligible: bitmap === null ? null : new RowSet(bitmap), excluded };
}
