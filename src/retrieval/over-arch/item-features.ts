import type { Catalogue } from "../catalogue.ts";
import { itemVectors, type ItemVectors } from "../item-vectors.ts";

export type FeaturedCatalogue = Pick<
  Catalogue,
  "dim" | "embeddings" | "generated" | "denseDim" | "dense"
>;

/** What an OverArch reads of an item: x, its embedding followed by its dense features. */
export class ItemFeatures {
  readonly #catalogue: FeaturedCatalogue;
  readonly #vectors: ItemVectors;
  readonly #features: Float64Array;

  constructor(catalogue: FeaturedCatalogue) {
    this.#catalogue = catalogue;
    this.#vectors = itemVectors(catalogue);
    this.#features = new Float64Array(catalogue.dim + catalogue.denseDim);
  }

  /** x [itemDim] of a row; overwritten by the next call. */
  of(row: number): Float64Array {
    const { dim, dense, denseDim } = this.#catalogue;
    this.#vectors.fill(row, row + 1, this.#features);
    if (denseDim > 0) this.#features.set(dense.subarray(row * denseDim, (row + 1) * denseDim), dim);
    return this.#features;
  }
}
