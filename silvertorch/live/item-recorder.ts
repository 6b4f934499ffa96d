import { foldedCatalogue } from "../../src/dataset/folded-catalogue.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import { createModel, type ModelDims } from "../../src/retrieval/model.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import type { CacheMaker } from "../../src/retrieval/over-arch/embedding-cache.ts";
import {
  formulaFlags,
  formulaNumbers,
  type FormulaReads,
  formulaReads,
} from "../compile/formula-columns.ts";
import { type ColumnOutlines, freshTables, namedColumns } from "../compile/fresh-tables.ts";
import { graphCacheMaker } from "../compile/graph-cache.ts";
import type { FreshTables } from "../graph/fresh-ranking.ts";
import type { TableData } from "./growing-table.ts";

/** What a record is made for: a model, and the catalogue that it was compiled with. */
export interface Recorded extends ModelDims {
  readonly model: ModelSpec;
  readonly columns: ColumnOutlines;
}

const NONE = new Float64Array(0);

/**
 * What ranks a fresh item: its part of the embedding cache and what the formula reads of it, by the
 * same functions as the compiler, so that an item that is folded in keeps its value.
 */
export class ItemRecorder {
  readonly tables: FreshTables;
  readonly #reads: FormulaReads;
  /** A catalogue without items. */
  readonly #empty: Catalogue;
  /** null: there is no OverArch. */
  readonly #makeCache: CacheMaker | null;
  readonly #known = new WeakMap<LiveItem, readonly TableData[]>();

  constructor({ model: spec, columns, ...dims }: Recorded) {
    const { dim, denseDim } = dims;
    const { overArch } = createModel(spec, dims);
    this.tables = freshTables(spec, columns);
    this.#reads = formulaReads(this.tables.formula);
    this.#makeCache = overArch === null ? null : graphCacheMaker(overArch);
    this.#empty = {
      count: 0,
      dim,
      denseDim,
      ids: new Float64Array(0),
      embeddings: new Float32Array(0),
      dense: new Float32Array(0),
      columns: namedColumns(spec, columns),
    };
  }

  /** What each table holds of an item, in the order of `allTables`; remembered as long as the item. */
  record(item: LiveItem): readonly TableData[] {
    const known = this.#known.get(item);
    if (known !== undefined) return known;
    const made = this.#make(item);
    this.#known.set(item, made);
    return made;
  }

  #make(item: LiveItem): readonly TableData[] {
    const catalogue = foldedCatalogue(this.#empty, { items: [item], deleted: NONE });
    const { columns, matches } = this.#reads;
    return [
      ...this.#cacheOf(catalogue),
      ...Array.from(columns, (column) => formulaNumbers(column, catalogue)),
      ...Array.from(matches.values(), (match) => formulaFlags(match, catalogue)),
    ];
  }

  #cacheOf(catalogue: Catalogue): readonly TableData[] {
    if (this.#makeCache === null) return [];
    const cache = this.#makeCache(catalogue, 0, 1);
    return cache.kind === "mol" ? [cache.components, cache.gates] : [cache.hidden];
  }
}
