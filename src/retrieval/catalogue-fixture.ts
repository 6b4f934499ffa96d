import type { CategoricalColumn, Catalogue, Column, Users } from "./catalogue.ts";

/** For tests: a categorical column from each item's codes. */
export function categorical(
  name: string,
  vocabulary: readonly string[],
  items: readonly (readonly number[])[],
): CategoricalColumn {
  const offsets = new Uint32Array(items.length + 1);
  for (const [row, codes] of items.entries()) offsets[row + 1] = offsets[row]! + codes.length;
  return { kind: "categorical", name, vocabulary, offsets, values: Uint32Array.from(items.flat()) };
}

/** For tests: a catalogue from each item's embedding; item i has the id 1000 + 7 i. */
export function catalogueOf(
  embeddings: readonly (readonly number[])[],
  columns: readonly Column[] = [],
): Catalogue {
  return {
    count: embeddings.length,
    dim: embeddings[0]?.length ?? 1,
    embeddings: Float32Array.from(embeddings.flat()),
    ids: Float64Array.from(embeddings, (_, row) => 1000 + 7 * row),
    columns,
    dense: new Float32Array(0),
    denseDim: 0,
  };
}

/** For tests: users from their features; user i has the id i. */
export function usersOf(features: readonly (readonly number[])[]): Users {
  return {
    count: features.length,
    dim: features[0]?.length ?? 1,
    ids: Float64Array.from(features.keys()),
    features: Float32Array.from(features.flat()),
  };
}
