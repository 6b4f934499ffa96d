import type { HostTensor } from "../../src/onnx/element-type.ts";
import { freshTables } from "../compile/fresh-tables.ts";
import type { ArtifactManifest } from "../compile/manifest.ts";
import type { DeviceForm } from "../graph/device-form.ts";
import type { FreshTables } from "../graph/fresh-ranking.ts";
import { hiddenFeeds, rankedFeeds, scoredFeeds } from "./fresh-feeds.ts";
import {
  blankItems,
  type FreshItems,
  type HiddenRows,
  hiding,
  NOTHING_HIDDEN,
} from "./fresh-items.ts";
import type { EngineQuery } from "./query.ts";
import { VisibleBits } from "./visible-bits.ts";
import { widened } from "./widened.ts";

/** How a graph is told what changed since it was compiled. */
export class ChangeFeeds {
  readonly #items: number;
  readonly #dim: number;
  readonly #form: DeviceForm;
  /** Whether the graph takes what is hidden by itself. */
  readonly #hidesApart: boolean;
  /** null: an item's value is its score, and fresh ones are scored beside the answer. */
  readonly #tables: FreshTables | null;
  readonly #visible: VisibleBits;
  /** null: there are none. */
  #scored: ((count?: number) => HostTensor) | null = null;

  constructor(manifest: ArtifactManifest, form: DeviceForm) {
    const { items, dim, clusters, scoreOnly, model, columns } = manifest;
    this.#items = items;
    this.#dim = dim;
    this.#form = form;
    this.#hidesApart = clusters === null && form.hiddenItems === "apart";
    this.#tables = scoreOnly ? null : freshTables(model, columns);
    this.#visible = new VisibleBits(items);
  }

  /** @param items asked before each run, for those that its queries tell of: float32 [fresh, dim]. */
  scoreFresh(items: (count?: number) => HostTensor): void {
    this.#scored = items;
  }

  get widensAnswers(): boolean {
    return this.#tables === null && this.#hidesApart;
  }

  /** Items of zeros that are ranked along; null: none are. */
  blank(count: number): FreshItems | null {
    return this.#tables === null ? null : blankItems(this.#dim, this.#tables, count);
  }

  /** What to search for, so that what is hidden is not found, unless the graph takes it by itself. */
  asked(queries: readonly EngineQuery[], fresh: FreshItems | null): readonly EngineQuery[] {
    return fresh === null || this.#hidesApart ? queries : hiding(queries, fresh.hidden);
  }

  /** Where the score is all that counts, so much more is asked for that what is hidden can be left out. */
  widened(queries: readonly EngineQuery[], fresh: FreshItems | null): readonly EngineQuery[] {
    const hidden = fresh?.hidden.rows.length ?? 0;
    if (!this.widensAnswers || hidden === 0) return queries;
    return queries.map((query) => ({ ...query, k: widened(query.k, hidden, this.#items) }));
  }

  /**
   * @param fresh null: nothing is known to have changed.
   * @param filtered whether the graph takes what is hidden out of what filters leave.
   */
  feeds(
    queries: readonly EngineQuery[],
    fresh: FreshItems | null,
    filtered: boolean,
  ): Record<string, HostTensor> {
    return {
      ...(this.#tables === null
        ? scoredFeeds(queries, this.#toScore(queries, fresh), this.#form)
        : rankedFeeds(queries, fresh!, this.#form)),
      ...(this.#hidesApart ? this.#hiddenFeeds(fresh?.hidden ?? NOTHING_HIDDEN, filtered) : {}),
    };
  }

  /** Those that there were when the batch began, of which its queries tell what they may get. */
  #toScore(queries: readonly EngineQuery[], fresh: FreshItems | null): HostTensor {
    const count = queries[0]!.freshOpen?.count ?? 0;
    const given = count === 0 ? null : (fresh?.tensors()["fresh_items"] ?? this.#scored?.(count));
    return given ?? { type: "float32", dims: [0, this.#dim], data: new Float32Array(0) };
  }

  #hiddenFeeds(hidden: HiddenRows, filtered: boolean): Record<string, HostTensor> {
    const visible = this.#visible.feeds(hidden);
    if (this.#tables === null) return visible;
    return { ...visible, ...hiddenFeeds(filtered ? NOTHING_HIDDEN : hidden) };
  }
}
