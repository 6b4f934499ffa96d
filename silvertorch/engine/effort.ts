import type { ArtifactManifest } from "../compile/manifest.ts";
import type { Thoroughness } from "./batch-feeds.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";

/** Each time an answer is short, it is looked for in so many times the clusters, or the places. */
const WIDENING = 4;
/** From this share of the clusters on all are scanned, which needs no copy of them. */
const SCAN_ALL_SHARE = 0.25;

/**
 * How thoroughly each query is searched. Where a filter leaves fewer items in the probed clusters
 * than are wanted, more clusters are looked at; where a check takes too many out of the lists,
 * longer lists are; until there are enough, or all have been looked at: an answer is never short.
 * Filters that needed it start there the next time.
 */
export class Effort {
  readonly #clusters: number;
  readonly #items: number;
  /** Places of a list whatever k is: K0, where more than the score counts. */
  readonly #places: number;
  readonly #probes: number;
  readonly #byPlan = new WeakMap<object, Thoroughness>();
  readonly #checksFirst: boolean;
  #widened = 0;
  #widest: number;

  /**
   * @param probes clusters a head looks at; all are also what there is without clusters.
   * @param checksFirst whether an item is checked before it gets a place, so that lists need no
   *   room for those that fail.
   */
  constructor(
    { clusters, items, model, scoreOnly }: ArtifactManifest,
    probes: number | "all",
    { checksFirst }: { readonly checksFirst: boolean } = { checksFirst: false },
  ) {
    this.#checksFirst = checksFirst;
    this.#clusters = clusters ?? 1;
    this.#items = items;
    this.#places = scoreOnly ? 0 : model.candidates;
    this.#probes = probes === "all" ? this.#clusters : Math.min(probes, this.#clusters);
    this.#widest = this.#probes;
  }

  /** Queries that were searched again, and the most clusters that one looked at. */
  get counters(): { readonly widened: number; readonly widestProbes: number } {
    return { widened: this.#widened, widestProbes: this.#widest };
  }

  isAll({ probes }: Pick<Thoroughness, "probes">): boolean {
    return probes >= this.#clusters;
  }

  /** How a query without a filter is searched. */
  get atFirst(): Thoroughness {
    return { probes: this.#probes, fetch: 0, folded: false };
  }

  /** What a query is searched with at last. */
  get everywhere(): Pick<Thoroughness, "probes" | "folded"> {
    return { probes: this.#clusters, folded: false };
  }

  of({ plan, k }: EngineQuery): Thoroughness {
    if (plan === null) return this.atFirst;
    const known = this.#byPlan.get(plan);
    if (known !== undefined) return known;
    if (plan.folded !== undefined) {
      return { probes: this.#probes, fetch: 0, folded: true };
    }
    const fetch = plan.check === null || this.#checksFirst ? 0 : this.#roomy(k);
    return { probes: this.#probes, fetch, folded: false };
  }

  /** How to search again, because the answer may lack items; null: it is all there is. */
  harder(query: EngineQuery, answer: EngineAnswer, before: Thoroughness): Thoroughness | null {
    const harder = this.#harder(query, answer, before);
    if (harder === null) return null;
    if (query.plan !== null) this.#byPlan.set(query.plan, harder);
    this.#widened++;
    this.#widest = Math.max(this.#widest, harder.probes);
    return harder;
  }

  #harder(
    { k, exclude }: EngineQuery,
    { rows, starved }: EngineAnswer,
    { probes, fetch, folded }: Thoroughness,
  ): Thoroughness | null {
    const isShort = rows.length < Math.min(k, this.#items - exclude.length);
    if (folded) {
      // What is folded lets through too much of this filter: it is worked off by its plan.
      return starved && isShort ? { probes, fetch, folded: false } : null;
    }
    if (starved && (isShort || this.#places > 0) && fetch < this.#items) {
      return { probes, fetch: WIDENING * Math.max(fetch, this.#roomy(k)), folded };
    }
    if (!isShort || this.isAll({ probes })) return null;
    const many = probes * WIDENING;
    const wider = many >= this.#clusters * SCAN_ALL_SHARE ? this.#clusters : many;
    return { probes: wider, fetch, folded };
  }

  /** A quarter more than wanted: signatures let through few that are not eligible. */
  #roomy(k: number): number {
    return Math.ceil(1.25 * Math.max(k, this.#places)) + 32;
  }
}
