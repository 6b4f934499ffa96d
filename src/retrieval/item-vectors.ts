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
  return { fill: (from, to, out) => out.set(embeddings.subarray(from * dim, to * dim)) };
}
