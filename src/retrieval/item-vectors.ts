import { HarnessError } from "../errors.ts";
import type { Catalogue } from "./catalogue.ts";
import { GeneratedVectors } from "./generated/generated-vectors.ts";

/** The embeddings of a catalogue, stored or generated, as the oracle reads them. */
export interface ItemVectors {
  /**
   * Copies those of neighbouring rows.
   * @param out float64 [to - from, dim], from its beginning on.
   */
  fill(from: number, to: number, out: Float64Array): void;
}

export function itemVectors({
  embeddings,
  dim,
  generated,
}: Pick<Catalogue, "embeddings" | "dim" | "generated">): ItemVectors {
  if (generated !== undefined) return new GeneratedVectors(generated);
  return {
    fill(from, to, out) {
      const vectors = embeddings.subarray(from * dim, to * dim);
      // What `out` held before would pass for theirs.
      if (vectors.length < (to - from) * dim) {
        throw new HarnessError(
          "INTERNAL",
          `expected the embeddings of rows ${from} to ${to}, there are those of ${embeddings.length / dim}`,
        );
      }
      out.set(vectors);
    },
  };
}
