import type { ArtifactManifest } from "../compile/manifest.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";

/** Each time an answer is short, it is looked for in so many times the clusters. */
const WIDENING = 4;
/** From this share of the clusters on all are scanned, which needs no copy of them. */
const SCAN_ALL_SHARE = 0.25;

/**
 * How many clusters a query's heads look at. Where a filter leaves fewer items in them than are
 * wanted, more are looked at until there are enough, or all have been: an answer is never short.
 * Filters that needed it start there the next time.
 */
export class Probing {
  readonly #clusters: number;
  readonly #items: number;
  readonly #usual: number;
  readonly #byPlan = new WeakMap<object, number>();
  #widened = 0;
  #widest: number;

  /** @param probes clusters a head looks at; all are also what there is without clusters. */
  constructor({ clusters, items }: ArtifactManifest, probes: number | "all") {
    this.#clusters = clusters ?? 1;
    this.#items = items;
    this.#usual = probes === "all" ? this.#clusters : Math.min(probes, this.#clusters);
    this.#widest = this.#usual;
  }

  /** Queries that were looked for again, and the most clusters that one looked at. */
  get counters(): { readonly widened: number; readonly widestProbes: number } {
    return { widened: this.#widened, widestProbes: this.#widest };
  }

  isAll(probes: number): boolean {
    return probes >= this.#clusters;
  }

  probesFor({ plan }: EngineQuery): number {
    return (plan === null ? undefined : this.#byPlan.get(plan)) ?? this.#usual;
  }

  /** The clusters to look at again because the answer may be short; null: it is all there is. */
  wider({ k, plan, exclude }: EngineQuery, answer: EngineAnswer, probes: number): number | null {
    const most = Math.min(k, this.#items - exclude.length);
    if (answer.rows.length >= most || this.isAll(probes)) return null;
    const many = probes * WIDENING;
    const wider = many > this.#clusters * SCAN_ALL_SHARE ? this.#clusters : many;
    if (plan !== null) this.#byPlan.set(plan, wider);
    this.#widened++;
    this.#widest = Math.max(this.#widest, wider);
    return wider;
  }
}
