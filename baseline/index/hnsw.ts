import { availableParallelism } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import { Index, MetricKind, ScalarKind } from "usearch";
import { HarnessError } from "../../src/errors.ts";
import type { MeshSettings } from "../../src/scenario/settings.ts";
import type { Walked, Walker } from "./walk.ts";

export type GraphSettings = MeshSettings["index"];

interface GraphFile {
  readonly path: string;
  readonly settings: GraphSettings;
}

const SCALARS = { f32: ScalarKind.F32, f16: ScalarKind.F16, i8: ScalarKind.I8 } as const;

/** Vectors added between two reports of progress. */
const CHUNK_VECTORS = 2_000;

/**
 * Views of one graph at a time, each with an expansion of its own: searches may bring theirs, and
 * each view has a table of the graph's keys.
 */
const MOST_VIEWS = 8;

/** A graph of nearest neighbours (HNSW, Malkov and Yashunin 2016) by inner product: usearch. */
export class HnswGraph implements Walker {
  readonly #index: Index;
  readonly #dim: number;
  readonly #file: GraphFile;
  /** Expansion -> the graph with it, the least lately used first; of the first view only. */
  readonly #views = new Map<number, HnswGraph>();

  private constructor(index: Index, dim: number, file: GraphFile) {
    this.#index = index;
    this.#dim = dim;
    this.#file = file;
  }

  /**
   * Builds the graph on all CPUs it may use and saves it. Blocks the thread for a chunk at a time.
   * @param embeddings float32 [count, dim]
   */
  static async build(
    path: string,
    vectors: { readonly embeddings: Float32Array; readonly dim: number },
    settings: GraphSettings,
    onProgress: (fraction: number) => void,
  ): Promise<void> {
    const { embeddings, dim } = vectors;
    const count = embeddings.length / dim;
    const index = emptyIndex(dim, settings);
    const threads = availableParallelism();
    for (let from = 0; from < count; from += CHUNK_VECTORS) {
      const to = Math.min(from + CHUNK_VECTORS, count);
      index.add(keysOf(from, to), embeddings.subarray(from * dim, to * dim), threads);
      onProgress(to / count);
      await turn(); // lets progress, and a wish to stop, through
    }
    index.save(path);
  }

  /**
   * Opens a saved graph by mapping its file: every thread has its own view of the same pages.
   * @throws HarnessError DATA if the file is missing, damaged or of other dimensions.
   */
  static view(path: string, dim: number, settings: GraphSettings): HnswGraph {
    const index = emptyIndex(dim, settings);
    const hint = "remove the file and it is built again";
    try {
      index.view(path);
    } catch (cause) {
      throw new HarnessError("DATA", "the index cannot be opened", { where: path, hint, cause });
    }
    const found = index.dimensions();
    if (found !== dim) {
      const text = `expected an index of ${dim} dimensions, got ${found}`;
      throw new HarnessError("DATA", text, { where: path, hint });
    }
    return new HnswGraph(index, dim, { path, settings });
  }

  /** The same graph with another expansion, which usearch fixes for a view. */
  expandedTo(expansionSearch: number): HnswGraph {
    const { path, settings } = this.#file;
    if (expansionSearch === settings.expansionSearch) return this;
    const known = this.#views.get(expansionSearch);
    this.#views.delete(expansionSearch);
    const view = known ?? HnswGraph.view(path, this.#dim, { ...settings, expansionSearch });
    this.#views.set(expansionSearch, view);
    if (this.#views.size >= MOST_VIEWS) {
      const [oldest] = this.#views.keys();
      this.#views.delete(oldest!);
    }
    return view;
  }

  get count(): number {
    return this.#index.size();
  }

  /**
   * Walks the graph for each query. Costs about the same for any `wanted` up to the index's
   * expansion.
   * @param queries float32 [n * dim]
   * @param threads 1: all on this one; more: the others are started for this call.
   */
  walk(queries: Float32Array, wanted: number, threads = 1): Walked {
    const n = queries.length / this.#dim;
    const found = this.#index.search(queries, wanted, threads);
    const counts = new Uint32Array(n);
    // With a single query the binding cuts the arrays to what was found and has no counts.
    if ("counts" in found)
      for (let i = 0; i < n; i++) counts[i] = Number((found.counts as BigUint64Array)[i]);
    else counts[0] = found.keys.length;
    // The arrays are ours: what is made of them takes their place.
    const values = found.distances;
    for (let i = 0; i < values.length; i++) values[i] = 1 - values[i]!;
    return { rows: rowsOf(found.keys), values, counts, wanted };
  }
}

function emptyIndex(dim: number, settings: GraphSettings): Index {
  return new Index({
    dimensions: dim,
    metric: MetricKind.IP,
    quantization: SCALARS[settings.precision],
    connectivity: settings.connectivity,
    expansion_add: settings.expansionAdd,
    expansion_search: settings.expansionSearch,
    multi: false,
  });
}

/** The rows from..to as usearch's 64-bit keys, without a BigInt each. */
function keysOf(from: number, to: number): BigUint64Array {
  const keys = new BigUint64Array(to - from);
  const words = new Uint32Array(keys.buffer);
  for (let i = 0; i < keys.length; i++) words[2 * i] = from + i;
  return keys;
}

/** The keys' lower halves, moved together to the start of the same buffer. */
function rowsOf(keys: BigUint64Array): Uint32Array {
  const words = new Uint32Array(keys.buffer, keys.byteOffset, keys.length * 2);
  for (let i = 0; i < keys.length; i++) words[i] = words[2 * i]!;
  return words.subarray(0, keys.length);
}
