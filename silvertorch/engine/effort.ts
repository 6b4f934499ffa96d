import type { ArtifactManifest } from "../compile/manifest.ts";
import type { Thoroughness } from "./batch-feeds.ts";
import type { ProbingCounters } from "./probing-counters.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";

/** Each time an answer is short, it is looked for in so many times the clusters, or the places. */
const WIDENING = 4;
/**
 * From this share of the clusters on all are scanned, which needs no copy of them: a quarter with one
 * head. Clusters are copied for each head, and all of them read for all heads at once, so that with
 * many it takes less (as measured with 1,000,000 items and 12 heads, in batches of 1 to 4, 0.05 to 0.08).
 */
const scanAllShare = (heads: number): number => 0.2 / heads + 0.05;
/** Items that should pass in the clusters that are looked at first, for each that is wanted. */
const ENOUGH = 1.5;

/** How many standard deviations are allowed for, of how many pass a check. */
const SPREADS = 3;

/** How many clusters a head looks at. */
export interface Probing {
  /** Where a request has no filter. */
  readonly probes: number | "all";
  /**
   * As its filter leaves fewer items more clusters are looked at from the first, but no more than
   * this; absent: as many as without a filter.
   */
  readonly mostProbes?: number | "all";
}

/** Whether more clusters are looked at for a filter: then they are taken by what passes in them, too. */
export function growsWithFilter({ probes, mostProbes = probes }: Probing): boolean {
  if (probes === "all") return false;
  return mostProbes === "all" || mostProbes > probes;
}

/** What of the search depends on the engine. */
export interface EffortOptions {
  /**
   * Whether an item is checked before it gets a place, so that lists need no room for those that
   * fail.
   */
  readonly checksFirst: boolean;
  /** Whether clusters are copied before they are scanned, so that many of them cost more than all. */
  readonly copiesClusters: boolean;
  /** A share of the items below which a filter's are listed, and scored without any clusters. */
  readonly listedBelow: number;
}

/** What the engine `onnx` does, where it lists nothing. */
const USUAL: EffortOptions = { checksFirst: false, copiesClusters: true, listedBelow: 0 };

/**
 * How thoroughly each query is searched. The fewer items its filter lets through, the more clusters
 * are looked at, so that about as many eligible items are: by powers of two, so that queries of a
 * batch can still be searched together. Where the probed clusters hold fewer than are wanted, more
 * are looked at; where a check takes too many out of the lists, longer lists are; until there are
 * enough, or all have been looked at: an answer is never short.
 *
 * Filters that needed it start there the next time; but clusters only where their number does not
 * grow with the filter: what a request gets then depends on no other.
 */
export class Effort {
  readonly #clusters: number;
  readonly #items: number;
  readonly #heads: number;
  /** Places of a list whatever k is: K0, where more than the score counts. */
  readonly #places: number;
  /** Whether a whole answer may lack items that a list had no places for: where each head has one of its own. */
  readonly #hasLists: boolean;
  readonly #probes: number;
  readonly #mostProbes: number;
  readonly #byPlan = new WeakMap<object, Thoroughness>();
  readonly #options: EffortOptions;
  #widened = 0;
  #grown = 0;
  readonly #probed = new Map<number, number>();
  readonly #isClustered: boolean;

  /** @param probing all clusters are also what there is without any. */
  constructor(
    { clusters, items, model, scoreOnly }: ArtifactManifest,
    { probes, mostProbes = probes }: Probing,
    options: Partial<EffortOptions> = {},
  ) {
    this.#options = { ...USUAL, ...options };
    this.#clusters = clusters ?? 1;
    this.#items = items;
    this.#heads = model.heads;
    this.#places = scoreOnly ? 0 : model.candidates;
    this.#hasLists = !scoreOnly;
    const there = (count: number | "all"): number =>
      count === "all" ? this.#clusters : Math.min(count, this.#clusters);
    this.#probes = there(probes);
    this.#mostProbes = Math.max(this.#probes, there(mostProbes));
    this.#isClustered = clusters !== null;
  }

  get counters(): ProbingCounters {
    return { widened: this.#widened, grown: this.#grown, probed: this.#probed };
  }

  /** Whether so small a share of the items is listed, where all clusters are looked at. */
  isListed(share: number): boolean {
    return share < this.#options.listedBelow;
  }

  isAll({ probes }: Pick<Thoroughness, "probes">): boolean {
    return probes >= this.#clusters;
  }

  /** Of all clusters, those that a query without a filter looks into. */
  get usualShare(): number {
    return this.#probes / this.#clusters;
  }

  /** How a query without a filter is searched. */
  get atFirst(): Thoroughness {
    return { probes: this.#probes, fetch: 0, folded: false };
  }

  /** What a query is searched with at last. */
  get everywhere(): Pick<Thoroughness, "probes" | "folded"> {
    return { probes: this.#clusters, folded: false };
  }

  /** How a query is begun with, which is then counted. */
  begin(query: EngineQuery): Thoroughness {
    const first = this.of(query);
    if (first.probes > this.#probes) this.#grown++;
    return first;
  }

  of({ plan, k }: EngineQuery): Thoroughness {
    if (plan === null) return this.atFirst;
    const known = this.#byPlan.get(plan);
    if (known !== undefined) {
      return this.grows ? { ...known, probes: this.#grownProbes(plan.share, k) } : known;
    }
    if (plan.folded !== undefined) {
      const fetch = this.#passingPlaces(k, plan.folded.passing);
      return { probes: this.#probes, fetch, folded: true };
    }
    const fetch = plan.check === null || this.#options.checksFirst ? 0 : this.#roomy(k);
    return { probes: this.#grownProbes(plan.share, k), fetch, folded: false };
  }

  /** How to search again, because the answer may lack items; null: it is all there is. */
  harder(query: EngineQuery, answer: EngineAnswer, before: Thoroughness): Thoroughness | null {
    const harder = this.#harder(query, answer, before);
    if (harder === null) {
      this.#count(before);
      return null;
    }
    this.#remember(query, harder);
    this.#widened++;
    return harder;
  }

  /** An answer was found so. */
  #count({ probes }: Thoroughness): void {
    if (this.#isClustered) this.#probed.set(probes, (this.#probed.get(probes) ?? 0) + 1);
  }

  /** Whether more clusters are looked at for a filter. */
  get grows(): boolean {
    return this.#mostProbes > this.#probes;
  }

  #remember({ plan }: EngineQuery, harder: Thoroughness): void {
    if (plan !== null) this.#byPlan.set(plan, harder);
  }

  /**
   * Clusters that hold about as many eligible items as the usual ones hold items, or what may be
   * looked at; more, where that would make short answers of them.
   */
  #grownProbes(share: number, k: number): number {
    if (!this.grows) return this.#probes;
    if (this.isListed(share) && this.#mostProbes === this.#clusters) return this.#clusters;
    const doublings = Math.max(0, Math.round(-Math.log2(Math.max(0, share))));
    let probes = Math.min(this.#mostProbes, this.#probes * 2 ** doublings);
    const enough = (ENOUGH * k * this.#clusters) / (this.#items * Math.max(0, share));
    while (probes < enough && probes < this.#clusters) probes *= 2;
    return this.#orAll(Math.min(this.#clusters, probes));
  }

  /** All clusters, where these are so many that all of them are less work. */
  #orAll(probes: number): number {
    const from = this.#options.copiesClusters ? scanAllShare(this.#heads) : 1;
    return probes > this.#probes && probes >= this.#clusters * from ? this.#clusters : probes;
  }

  #harder(
    { k, exclude }: EngineQuery,
    { rows, starved }: EngineAnswer,
    { probes, fetch, folded }: Thoroughness,
  ): Thoroughness | null {
    const isShort = rows.length < Math.min(k, this.#items - exclude.length);
    if (folded) {
      // What is folded lets through too much of this filter: it is worked off by its plan.
      return starved && isShort ? { probes, fetch: 0, folded: false } : null;
    }
    if (starved && (isShort || this.#hasLists) && fetch < this.#items) {
      return { probes, fetch: WIDENING * Math.max(fetch, this.#roomy(k)), folded };
    }
    if (!isShort || this.isAll({ probes })) return null;
    const wider = this.#orAll(Math.min(this.#clusters, probes * WIDENING));
    return { probes: wider, fetch, folded };
  }

  /** So many that k of them pass a check, nearly always, of which about this share passes it. */
  #passingPlaces(k: number, passing: number): number {
    const spread = Math.sqrt(k * (1 - passing));
    return Math.min(this.#items, Math.ceil((k + SPREADS * spread) / passing));
  }

  /** A quarter more than wanted: signatures let through few that are not eligible. */
  #roomy(k: number): number {
    return Math.ceil(1.25 * Math.max(k, this.#places)) + 32;
  }
}
