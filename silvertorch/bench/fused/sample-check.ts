import type { DeviceIndex } from "../../engine/fused/device-index.ts";
import { clusterWords } from "../../kernels/search/search-shape.ts";
import { bitmapWord, centroids, codesOf, scaleOf } from "./synthetic-index.ts";

/** A filter of the benchmark: what it is of the bits that an item has in the bitmaps' rows. */
export type BitFilter = (word: (row: number) => number) => number;

/**
 * What a query must get, computed on the host: the scores of the best eligible items of the probed
 * clusters, descending.
 */
export function expectedScores(
  { shape, parts }: DeviceIndex,
  query: Float32Array,
  {
    probes,
    k,
    filter,
  }: { readonly probes: number; readonly k: number; readonly filter: BitFilter | null },
): number[] {
  const { clusters, dim, width } = shape;
  const middles = centroids(clusters, dim);
  const affinity = Array.from({ length: clusters }, (_, cluster) => {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += query[d]! * middles[cluster * dim + d]!;
    return [sum, cluster] as const;
  });
  const probed = affinity.toSorted((a, b) => b[0] - a[0]).slice(0, probes);
  const largest = query.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const step = Math.fround(Math.fround(Math.max(largest, 1e-30)) / 127);
  const codes = Int8Array.from(query, (each) => Math.round(Math.fround(each / step)));
  const scores: number[] = [];
  for (const [, cluster] of probed) {
    const at = parts.findIndex((part) => cluster < part.firstCluster + part.clusters);
    const within = cluster - parts[at]!.firstCluster;
    for (let word = 0; word < clusterWords(shape); word++) {
      const bits =
        filter === null
          ? 0xffff_ffff
          : filter((row) => bitmapWord(shape, { part: at, cluster: within, row, word }));
      for (let bit = 0; bit < 32; bit++) {
        if (((bits >>> bit) & 1) === 0) continue;
        const offset = word * 32 + bit;
        const local = within * width + offset;
        const item = codesOf(shape, { part: at, cluster, local });
        let sum = 0;
        for (let d = 0; d < dim; d++) sum += item[d]! * codes[d]!;
        scores.push(Math.fround(Math.fround(sum * scaleOf(cluster * width + offset)) * step));
      }
    }
  }
  return scores.toSorted((a, b) => b - a).slice(0, k);
}
