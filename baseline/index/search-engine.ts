import type { Ranked } from "../../src/math/top-k.ts";
import { concatVectors } from "../concat-vectors.ts";
import type { RowRange } from "../row-range.ts";
import { RowSet } from "../row-set.ts";
import type { Candidates, Search, SearchEffort } from "../services.ts";
import { isCoarseOn } from "./device-precision.ts";
import type { ClusterProbe } from "./cluster-probe.ts";
import type { ExactScan, IsExcluded } from "./exact-scan.ts";
import { type GraphSettings, HnswGraph } from "./hnsw.ts";
import type { Changes } from "../live/changes.ts";
import { FreshRows, type FreshSearch } from "./fresh-rows.ts";
import { packHeads } from "./pack-heads.ts";
import {
  narrowed,
  planProbe,
  planSearch,
  type SearchPlan,
  type SearchShape,
  widenWalk,
} from "./search-plan.ts";
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

/** What leads to near rows without looking at all; null: all are looked at. */
export type NearRows = HnswGraph | ClusterProbe | null;

interface EngineParts {
  /** Which of the catalogue's rows it searches; null: all. What follows is of these. */
  readonly range: RowRange | null;
  readonly near: NearRows;
  readonly scan: ExactScan;
  readonly items: number;
  readonly dim: number;
  readonly settings: GraphSettings;
  /** Whether a row that was not there at the build is searched here; absent: every one. */
  readonly isOwn?: (row: number) => boolean;
}

/** One search while it is answered. */
interface Job {
  readonly search: Search;
  readonly shape: SearchShape;
  readonly plan: SearchPlan;
  readonly eligible: RowSet | null;
  /** In the catalogue's rows. */
  readonly excluded: Uint32Array;
  readonly effort: Required<SearchEffort>;
  /** Whether the walk was made elsewhere, on a device. */
  readonly isGiven: boolean;
  /** Its part of a walk shared with others, one a head; null where it is walked alone. */
  walked: { readonly walk: Walked; readonly first: number } | null;
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
  /** [items] the number of the search that last excluded a row. */
  readonly #excludedBy: Uint32Array;
  readonly #fresh: FreshRows;
  #turn = 0;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#rows = new Uint32Array(parts.items);
    this.#excludedBy = new Uint32Array(parts.items);
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
    const jobs = searches.map((search, at) => this.#prepare(search, walks[at] ?? null));
    this.#walkTogether(jobs);
    if (this.#fresh.count === 0) {
      return jobs.map((job) => this.#whole(job) ?? packHeads(this.#answer(job)));
    }
    const found = jobs.map((job) => this.#answer(job));
    return this.#fresh.join(jobs.map((job, at) => freshOf(job, found[at]!))).map(packHeads);
  }

  #prepare(search: Search, given: Walked | null): Job {
    const { items, range, settings } = this.#parts;
    const { bitmap } = search.eligible;
    const eligible = bitmap === null ? null : builtRows(bitmap, range, items);
    const excluded = inRange(search.excluded, range ?? { from: 0, to: items });
    const shape = {
      items,
      k: search.k,
      eligible: eligible?.cardinality ?? items,
      excluded: excluded.length,
    };
    const { probes, expansionSearch } = settings;
    const effort = { probes, expansionSearch, ...search.effort };
    const plan: SearchPlan =
      given === null ? this.#plan(shape, effort) : { kind: "walk", wanted: given.wanted };
    const walked = given === null ? null : { walk: given, first: 0 };
    const common = { shape, plan, eligible, excluded: search.excluded, effort, walked };
    return { search: { ...search, excluded }, isGiven: given !== null, ...common };
  }

  #plan(shape: SearchShape, { probes, expansionSearch }: Required<SearchEffort>): SearchPlan {
    const { near, settings } = this.#parts;
    if (near instanceof HnswGraph) {
      const plan = planSearch(shape, { ...settings, expansionSearch });
      // Of a coarser graph all are scored again; and what is hidden may be anywhere.
      const isExact = settings.precision === "f32" && this.#fresh.hiddenCount === 0;
      return isExact ? narrowed(plan, shape) : plan;
    }
    if (near !== null) return planProbe(shape, settings, { probes, clusters: near.clusters });
    // Nothing leads to near rows, so those that are eligible are scored: the two ways are one.
    if (settings.join !== "post") return { kind: "exact" };
    return planSearch(shape, { ...settings, expansionSearch: 0 });
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
        concatVectors(alike.map(({ search }) => search.vectors)),
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
    const all = { eligible: null, isExcluded: nothing };
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
    if (plan.kind === "probe")
      return queries.map((query) => this.#probe(job, plan, query, isExcluded));
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

  #probe(
    job: Job,
    { probes, least }: Extract<SearchPlan, { kind: "probe" }>,
    query: Float32Array,
    isExcluded: IsExcluded,
  ): Ranked {
    this.counters.probes++;
    const { eligible, search } = job;
    const near = this.#parts.near as ClusterProbe;
    const found = near.best({ query, k: search.k, eligible, isExcluded, probes, least });
    if (found !== null) return found;
    this.counters.fallbacks++;
    return this.#scan(job, [query], isExcluded)[0]!;
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

  /** Marks excluded rows; asking is then one load, and the next search needs no clearing. */
  #mark(excluded: Uint32Array): IsExcluded {
    const fresh = this.#fresh;
    const hidesAny = fresh.hiddenCount > 0;
    if (excluded.length === 0) return hidesAny ? (row) => fresh.hides(row) : nothing;
    const turn = ++this.#turn;
    const excludedBy = this.#excludedBy;
    for (const row of excluded) excludedBy[row] = turn;
    if (!hidesAny) return (row) => excludedBy[row] === turn;
    return (row) => excludedBy[row] === turn || fresh.hides(row);
  }
}

/** What the rows that changed compete with. */
function freshOf({ search, excluded }: Job, found: readonly Ranked[]): FreshSearch {
  const { vectors, k, eligible } = search;
  const { bitmap } = eligible;
  return { found, vectors, k, eligible: bitmap === null ? null : new RowSet(bitmap), excluded };
}

/** Those of a bitmap's rows that the index was built of. */
function builtRows(bitmap: Uint8Array, range: RowRange | null, items: number): RowSet {
  if (range !== null) return new RowSet(bitmap, range);
  const all = new RowSet(bitmap);
  // Rows that came after the build: looked for only where there are any, since it takes longer.
  return all.last < items ? all : new RowSet(bitmap, { from: 0, to: items });
}

/** The rows of a range, counted from its first. */
function inRange(rows: Uint32Array, { from, to }: RowRange): Uint32Array {
  if (from === 0 && rows.every((row) => row < to)) return rows;
  return rows.filter((row) => row >= from && row < to).map((row) => row - from);
}

const nothing: IsExcluded = () => false;
