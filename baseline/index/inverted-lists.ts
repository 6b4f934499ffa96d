import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { HarnessError } from "../../src/errors.ts";
import { Random } from "../../src/math/random.ts";
import { kMeans } from "../../src/onnx/k-means.ts";
import { clusterSpread } from "../../src/retrieval/cluster-order.ts";

/**
 * An inverted file (IVF; Jegou, Douze, Schmid, PAMI 2011): rows grouped by the centroid that they
 * are nearest to. Plain data on shared memory, so that threads see the same.
 */
export interface InvertedLists {
  /** float32 [clusters, dim] */
  readonly centroids: Float32Array;
  /** [clusters + 1] cluster c's rows are `rows[starts[c] .. starts[c + 1])`, ascending. */
  readonly starts: Uint32Array;
  /** [items] */
  readonly rows: Uint32Array;
  /** [items] the cluster of each row. */
  readonly clusterOf: Uint32Array;
  /** How far rows lie from their centroids: src/retrieval/cluster-order.ts. */
  readonly spread: number;
}

export interface ListSettings {
  /** auto: four times the square root of the items. */
  readonly clusters: number | "auto";
}

const FILES = {
  centroids: "centroids.f32",
  starts: "starts.u32",
  rows: "rows.u32",
  spread: "spread.f64",
} as const;

/** A cluster may have so many times its fair share: hardly a bound, for balance costs recall. */
const MOST_SHARES = 8;

/** The same clusters for the same vectors. */
const SEED = 1;

/** Clusters the vectors and writes the lists into an existing folder. */
export async function writeInvertedLists(
  folder: string,
  { embeddings, dim }: { readonly embeddings: Float32Array; readonly dim: number },
  settings: ListSettings,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const count = embeddings.length / dim;
  const wanted = settings.clusters === "auto" ? 4 * Math.ceil(Math.sqrt(count)) : settings.clusters;
  const clusters = Math.min(wanted, count);
  const { centroids, assignment } = await kMeans({
    points: { count, dim, values: embeddings },
    clusters,
    capacity: MOST_SHARES * Math.ceil(count / clusters),
    random: new Random(SEED),
    threads: availableParallelism(),
    onProgress,
  });
  const { starts, rows } = groupRows(assignment, clusters);
  const spread = Float64Array.of(clusterSpread({ dim, values: embeddings }, centroids, assignment));
  const parts = { centroids: centroids.values, starts, rows, spread };
  for (const [part, file] of Object.entries(FILES)) {
    await writeFile(join(folder, file), parts[part as keyof typeof FILES], { flush: true });
  }
}

/** Rows by cluster, each cluster's ascending. */
function groupRows(
  assignment: Uint32Array,
  clusters: number,
): Pick<InvertedLists, "starts" | "rows"> {
  const starts = new Uint32Array(clusters + 1);
  for (const cluster of assignment) starts[cluster + 1]!++;
  for (let cluster = 0; cluster < clusters; cluster++) starts[cluster + 1]! += starts[cluster]!;
  const next = starts.slice();
  const rows = new Uint32Array(assignment.length);
  for (const [row, cluster] of assignment.entries()) rows[next[cluster]!++] = row;
  return { starts, rows };
}

/**
 * The lists of a folder that `writeInvertedLists` filled.
 * @throws HarnessError DATA if they are not those of so many items of such dimensions.
 */
export async function readInvertedLists(
  folder: string,
  { items, dim }: { readonly items: number; readonly dim: number },
): Promise<InvertedLists> {
  const [centroids, starts, rows, spread] = await Promise.all([
    sharedFile(join(folder, FILES.centroids)),
    sharedFile(join(folder, FILES.starts)),
    sharedFile(join(folder, FILES.rows)),
    sharedFile(join(folder, FILES.spread)),
  ]);
  const clusters = starts.byteLength / 4 - 1;
  if (rows.byteLength !== items * 4 || centroids.byteLength !== clusters * dim * 4) {
    throw new HarnessError("DATA", `the lists are not of ${items} items x ${dim}`, {
      where: folder,
      hint: `remove ${folder} and it is built again`,
    });
  }
  const lists = { starts: new Uint32Array(starts), rows: new Uint32Array(rows) };
  return {
    ...lists,
    centroids: new Float32Array(centroids),
    clusterOf: clustersOf(lists),
    spread: new Float64Array(spread)[0]!,
  };
}

/** Of each row. */
function clustersOf({ starts, rows }: Pick<InvertedLists, "starts" | "rows">): Uint32Array {
  const clusterOf = new Uint32Array(new SharedArrayBuffer(rows.byteLength));
  for (let cluster = 0; cluster + 1 < starts.length; cluster++) {
    for (let at = starts[cluster]!; at < starts[cluster + 1]!; at++) clusterOf[rows[at]!] = cluster;
  }
  return clusterOf;
}

async function sharedFile(path: string): Promise<SharedArrayBuffer> {
  const bytes = await readFile(path);
  const shared = new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(shared).set(bytes);
  return shared;
}
