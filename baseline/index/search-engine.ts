import { type Ranked, TopK } from "../../src/math/top-k.ts";
import { concatVectors } from "../concat-vectors.ts";
import type { RowRange } from "../row-range.ts";
import { RowSet } from "../row-set.ts";
import type { Candidates, Search } from "../services.ts";
import type { ClusterProbe } from "./cluster-probe.ts";
import type { ExactScan, IsExcluded } from "./exact-scan.ts";
import { type GraphSettings, HnswGraph } from "./hnsw.ts";
import { packHeads } from "./pack-heads.ts";
import {
  planProbe,
  planSearch,
  type SearchPlan,
  type SearchShape,
  widenWalk,
} from "./search-plan.ts";
import { RankedWalker, type Walked, type Walker } from "./walk.ts";

/** How searches were answered, counted from the start. */
export interface SearchCounters {
  searches: number;
  exactScans: number;
  walks: number;
  probes: number;
  /** Walks repeated for more rows because too few passed. */
  topUps: number;
  /** Walks that ended in an exact scan after all. */
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
}

/** One search while it is answered. */
interface Job {
  readonly search: Search;
  readonly shape: SearchShape;
  readonly plan: SearchPlan;
  readonly eligible: RowSet | null;
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
  readonly #walker: Walker;
  /** The eligible rows of the search at hand. */
  readonly #rows: Uint32Array;
  /** [items] the number of the search that last excluded a row. */
  readonly #excludedBy: Uint32Array;
  #turn = 0;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#walker = walkerOf(parts);
    this.#rows = new Uint32Array(parts.items);
    this.#excludedBy = new Uint32Array(parts.items);
  }

  /** Answers a batch in its order. Walks of the same width are handed to the graph together. */
  search(searches: readonly Search[]): Candidates[] {
    const jobs = searches.map((search) => this.#prepare(search));
    this.#walkTogether(jobs);
    return jobs.map((job) => this.#answer(job));
  }

  #prepare(search: Search): Job {
    const { items, range } = this.#parts;
    const { bitmap } = search.eligible;
    const eligible = bitmap === null ? null : new RowSet(bitmap, range);
    const excluded = range === null ? search.excluded : inRange(search.excluded, range);
    const shape = {
      items,
      k: search.k,
      eligible: eligible?.cardinality ?? items,
      excluded: excluded.length,
    };
    const plan = this.#plan(shape);
    return { search: { ...search, excluded }, shape, plan, eligible, walked: null };
  }

  #plan(shape: SearchShape): SearchPlan {
    const { near, settings } = this.#parts;
    if (near instanceof HnswGraph) return planSearch(shape, settings);
    if (near !== null) {
      return planProbe(shape, settings, { probes: settings.probes, clusters: near.clusters });
    }
    // Nothing leads to near rows, so those that are eligible are scored: the two ways are one.
    if (settings.join !== "post") return { kind: "exact" };
    return planSearch(shape, { ...settings, expansionSearch: 0 });
  }

  #walkTogether(jobs: readonly Job[]): void {
    const widths = new Map<number, Job[]>();
    for (const job of jobs) {
      if (job.plan.kind !== "walk") continue;
      const alike = widths.get(job.plan.wanted);
      if (alike === undefined) widths.set(job.plan.wanted, [job]);
      else alike.push(job);
    }
    for (const [wanted, alike] of widths) {
      const walk = this.#walker.walk(
        concatVectors(alike.map(({ search }) => search.vectors)),
        wanted,
      );
      let first = 0;
      for (const job of alike) {
        job.walked = { walk, first };
        first += job.search.vectors.length / this.#parts.dim;
      }
    }
  }

  #answer(job: Job): Candidates {
    const { dim } = this.#parts;
    const { vectors } = job.search;
    const isExcluded = this.#mark(job.search.excluded);
    const heads: Ranked[] = [];
    this.counters.searches++;
    for (let head = 0; head < vectors.length / dim; head++) {
      const query = vectors.subarray(head * dim, (head + 1) * dim);
      if (job.plan.kind === "probe") heads.push(this.#probe(job, query, isExcluded));
      else if (job.walked === null) heads.push(this.#scan(job, query, isExcluded));
      else heads.push(this.#sift(job, job.walked, head, query, isExcluded));
    }
    const packed = packHeads(heads);
    const first = this.#parts.range?.from ?? 0;
    if (first > 0) for (let at = 0; at < packed.rows.length; at++) packed.rows[at]! += first;
    return packed;
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
      const wanted = widenWalk(job.shape, reached, this.#parts.settings.join);
      if (wanted === null) {
        this.counters.fallbacks++;
        return this.#scan(job, query, isExcluded);
      }
      this.counters.topUps++;
      walk = this.#walker.walk(query, wanted);
      at = 0;
    }
  }

  #passing(
    { eligible, search }: Job,
    walk: Walked,
    at: number,
    query: Float32Array,
    isExcluded: IsExcluded,
  ): Ranked {
    const { near, settings } = this.#parts;
    const top = new TopK(search.k);
    const start = at * walk.wanted;
    const passed: number[] = [];
    for (let i = start; i < start + walk.counts[at]!; i++) {
      const row = walk.rows[i]!;
      if (isExcluded(row) || (eligible !== null && !eligible.has(row))) continue;
      top.push(walk.values[i]!, row);
      passed.push(row);
    }
    const isCoarse = near instanceof HnswGraph && settings.precision !== "f32";
    if (!isCoarse || passed.length < search.k) return top.take();
    // A coarser index finds the neighbourhood; the order within it is the full vectors'.
    const rows = Uint32Array.from(passed).toSorted();
    return this.#parts.scan.best({ query, rows, k: search.k, isExcluded: nothing });
  }

  #probe({ eligible, search: { k } }: Job, query: Float32Array, isExcluded: IsExcluded): Ranked {
    this.counters.probes++;
    const { near, settings } = this.#parts;
    const { probes } = settings;
    return (near as ClusterProbe).best({ query, k, eligible, isExcluded, probes });
  }

  #scan({ eligible, search: { k } }: Job, query: Float32Array, isExcluded: IsExcluded): Ranked {
    this.counters.exactScans++;
    const rows = eligible === null ? null : this.#rows.subarray(0, eligible.writeRows(this.#rows));
    return this.#parts.scan.best({ query, rows, k, isExcluded });
  }

  /** Marks excluded rows; asking is then one load, and the next search needs no clearing. */
  #mark(excluded: Uint32Array): IsExcluded {
    if (excluded.length === 0) return nothing;
    const turn = ++this.#turn;
    const excludedBy = this.#excludedBy;
    for (const row of excluded) excludedBy[row] = turn;
    return (row) => excludedBy[row] === turn;
  }
}

/** The rows of a range, counted from its first. */
const inRange = (rows: Uint32Array, { from, to }: RowRange): Uint32Array =>
  rows.filter((row) => row >= from && row < to).map((row) => row - from);

const nothing: IsExcluded = () => false;

/** What finds more rows than are wanted, for a filter to choose from. */
function walkerOf({ near, scan, dim, settings: { probes } }: EngineParts): Walker {
  if (near instanceof HnswGraph) return near;
  const all = { eligible: null, isExcluded: nothing };
  return new RankedWalker(dim, (query, k) =>
    near === null
      ? scan.best({ query, rows: null, k, isExcluded: nothing })
      : near.best({ ...all, query, k, probes }),
  );
}
