import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, linearGrid, type Binding, type BoundKernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { centroidGrid } from "../../kernels/search/centroid-keys.ts";
import { bucketWords, pairGroups } from "../../kernels/search/group-pairs.ts";
import { locateGroups } from "../../kernels/search/locate-excluded.ts";
import { openTiles } from "../../kernels/search/open-scan.ts";
import { refineGroups } from "../../kernels/search/refine-candidates.ts";
import { codeVectors, type WorkOrder } from "../../kernels/search/search-shape.ts";
import type { DeviceIndex } from "./device-index.ts";
import {
  LONG_SELECTION,
  type SearchKernels,
  type Selected,
  type Selection,
} from "./search-kernels.ts";
import type { LaneBuffers } from "./stages.ts";

/** What a batch needs of a lane. */
export interface SearchNeeds {
  readonly requests: number;
  /** Clusters that each list looks into. */
  readonly probes: number;
  /** Places selected, and those of a list in the end. */
  readonly candidates: number;
  readonly places: number;
  /** Words of the packed batch, and rows that are excluded. */
  readonly words: number;
  readonly excluded: number;
}

/** A batch as the search records it. */
export interface SearchBatch extends SearchNeeds {
  /** Lists before this one have neither filter nor exclusions. */
  readonly openLists: number;
}

/** Workgroups of a masked scan at most: what is beyond them they take in turns. */
const MASKED_GROUPS = 16_384;
/**
 * From so many pairs a cluster on they are sorted by cluster: below, few clusters are looked into
 * twice, and the sorting is what it costs.
 */
const SORTED_FROM = 0.25;

/** How the work on a batch is ordered. */
export function workOrder(pairs: number, probes: number, clusters: number): WorkOrder {
  if (probes >= clusters) return "all";
  return pairs >= SORTED_FROM * clusters ? "byCluster" : "byQuery";
}

/** What all lanes share. */
export interface SearchParts {
  readonly index: DeviceIndex;
  readonly kernels: SearchKernels;
  readonly selections: SelectionsOf;
}

/** The selections that a lane of this capacity makes. */
export type SelectionsOf = Readonly<Partial<Record<Selected, Selection>>>;

/** Buffers of one batch on its way through the search, and its kernels bound to them. */
export class SearchLane {
  readonly #device: GpuDevice;
  readonly #index: DeviceIndex;
  readonly #kernels: SearchKernels;
  readonly #buffers = new Map<string, GPUBuffer>();
  readonly #bound = new Map<string, BoundKernel>();
  readonly #shared: LaneBuffers;
  readonly #selections: SelectionsOf;

  constructor(
    device: GpuDevice,
    { index, kernels, selections }: SearchParts,
    shared: LaneBuffers,
    capacity: LaneNeeds,
  ) {
    this.#selections = selections;
    this.#device = device;
    this.#index = index;
    this.#kernels = kernels;
    this.#shared = shared;
    const { clusters } = index.shape;
    const { lists, slots, pairs, candidates } = capacity;
    const words = (name: string, count: number): void => {
      this.#buffers.set(name, device.buffer(`lane.${name}`, count * 4));
    };
    words("batch", capacity.words);
    words("excluded", capacity.excluded);
    words("codes", lists * (codeVectors(index.shape) + 1) * 4);
    words("counts", lists);
    words("keys", slots);
    words("positions", slots);
    words("probed", pairs);
    if (index.centroids !== null) {
      words("affinities", lists * clusters);
      words("bucketCounts", bucketWords(clusters));
      words("bucketStarts", bucketWords(clusters));
      words("bucketCursors", bucketWords(clusters));
      words("sorted", 2 * pairs);
    }
    if (index.vectors.length > 0) {
      words("candidateKeys", candidates);
      words("candidatePositions", candidates);
    }
    if (Object.values(selections).some(({ isLong }) => isLong))
      words("held", lists * 2 * LONG_SELECTION);
  }

  /** Takes the packed batch up. */
  upload(words: Uint32Array<ArrayBuffer>): void {
    this.#device.queue.writeBuffer(this.#buffer("batch"), 0, words);
  }

  /** Records the search: from queries to lists. */
  record(recorder: Recorder, batch: SearchBatch): void {
    const { shape } = this.#index;
    const lists = batch.requests * shape.heads;
    const order = workOrder(lists * batch.probes, batch.probes, shape.clusters);
    recorder.stage("fused.quantise");
    const { quantise } = this.#kernels;
    recorder.run(this.#bind("quantise", quantise, [this.#shared.queries, "codes", "counts"]), [
      lists,
    ]);
    if (batch.excluded > 0) this.#locate(recorder, batch.excluded);
    if (order !== "all") this.#probe(recorder, lists);
    if (order === "byCluster") this.#group(recorder, lists * batch.probes);
    this.#scan(recorder, batch, { lists, order });
    this.#select(recorder, batch, lists);
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) this.#device.release(buffer);
    this.#buffers.clear();
    this.#bound.clear();
  }

  #locate(recorder: Recorder, excluded: number): void {
    const { positions } = this.#index;
    const bound = this.#bind("locate", this.#kernels.locate, [
      "batch",
      "excluded",
      ...(positions === null ? [] : [positions]),
    ]);
    recorder.run(bound, [locateGroups(excluded)]);
  }

  #probe(recorder: Recorder, lists: number): void {
    const { centroids, shape } = this.#index;
    recorder.stage("fused.probe");
    recorder.run(
      this.#bind("centroidKeys", this.#kernels.probing!.centroidKeys, [
        "batch",
        this.#shared.queries,
        centroids!,
        "affinities",
      ]),
      centroidGrid(lists, shape.clusters),
    );
    recorder.stage("fused.choose");
    this.#selection(recorder, "probes", lists, ["affinities", "probed"]);
  }

  #group(recorder: Recorder, pairs: number): void {
    const { countPairs, startsOfBuckets, sortPairs } = this.#kernels.probing!;
    const grid = linearGrid(pairGroups(pairs));
    recorder.stage("fused.group");
    recorder.run(this.#bind("countPairs", countPairs, ["batch", "probed", "bucketCounts"]), grid);
    const tables = ["bucketCounts", "bucketStarts", "bucketCursors"];
    recorder.run(this.#bind("startsOfBuckets", startsOfBuckets, tables), [1]);
    const sorted = ["batch", "probed", "bucketCursors", "sorted"];
    recorder.run(this.#bind("sortPairs", sortPairs, sorted), grid);
  }

  #scan(
    recorder: Recorder,
    batch: SearchBatch,
    { lists, order }: { readonly lists: number; readonly order: WorkOrder },
  ): void {
    const { width, clusters } = this.#index.shape;
    const openPairs = batch.openLists * batch.probes;
    const filtered = lists - batch.openLists;
    const isClustered = this.#index.centroids !== null;
    const work = order === "byCluster" ? "bucketStarts" : "probed";
    const sorted = isClustered ? "sorted" : "probed";
    if (openPairs > 0) {
      recorder.stage("fused.scan.open");
      for (const [at, part] of this.#index.parts.entries()) {
        const bound = this.#bind(`open.${order}.${at}`, this.#kernels.openScan[order]!, [
          "batch",
          part.codes,
          this.#index.scales,
          "codes",
          work,
          sorted,
          "keys",
          part.extent,
        ]);
        recorder.run(bound, [openTiles(width), order === "byQuery" ? openPairs : part.clusters]);
      }
    }
    if (filtered > 0) {
      recorder.stage("fused.scan.masked");
      for (const [at, part] of this.#index.parts.entries()) {
        const bound = this.#bind(`masked.${order}.${at}`, this.#kernels.maskedScan[order]!, [
          "batch",
          part.codes,
          this.#index.scales,
          "codes",
          part.bitmaps,
          work,
          sorted,
          "excluded",
          "keys",
          "positions",
          "counts",
          part.extent,
          ...(part.cells === null ? [] : [part.cells]),
        ]);
        const pairs =
          filtered * (order === "all" ? part.clusters : Math.min(batch.probes, clusters));
        recorder.run(bound, linearGrid(Math.min(pairs, MASKED_GROUPS)));
      }
    }
  }

  #select(recorder: Recorder, { candidates }: SearchBatch, lists: number): void {
    const { rows, vectors } = this.#index;
    const { listRows, listScores } = this.#shared;
    const scanned = ["keys", "positions", "counts", "probed", rows];
    recorder.stage("fused.select");
    if (vectors.length === 0) {
      const ends = [...scanned, listRows, listScores];
      this.#selection(recorder, "lists", lists, ends);
      return;
    }
    const kept = ["candidateKeys", "candidatePositions"];
    const first = [...scanned, ...kept];
    this.#selection(recorder, "candidates", lists, first);
    recorder.stage("fused.refine");
    for (const [at, part] of vectors.entries()) {
      const bound = this.#bind(`refine.${at}`, this.#kernels.refine!, [
        "batch",
        this.#shared.queries,
        part.items,
        "candidatePositions",
        "candidateKeys",
        part.extent,
      ]);
      recorder.run(bound, linearGrid(refineGroups(lists * candidates)));
    }
    recorder.stage("fused.order");
    const ends = [...kept, rows, listRows, listScores];
    this.#selection(recorder, "refined", lists, ends);
  }

  /** Selects of each list. */
  #selection(
    recorder: Recorder,
    name: Selected,
    lists: number,
    ends: readonly (string | GPUBuffer)[],
  ): void {
    const { kernel, isLong } = this.#selections[name]!;
    recorder.run(this.#bind(name, kernel, ["batch", ...ends, ...(isLong ? ["held"] : [])]), [
      lists,
    ]);
  }

  #bind(
    name: string,
    kernel: BoundKernel["kernel"],
    buffers: readonly (string | GPUBuffer)[],
  ): BoundKernel {
    let bound = this.#bound.get(name);
    if (bound === undefined) {
      const bindings = buffers.map((each): Binding =>
        typeof each === "string" ? this.#buffer(each) : each,
      );
      bound = bind(this.#device, kernel, bindings);
      this.#bound.set(name, bound);
    }
    return bound;
  }

  #buffer(name: string): GPUBuffer {
    return this.#buffers.get(name)!;
  }
}

/** What the buffers of a lane hold, in entries of all lists together where a list has several. */
export interface LaneNeeds {
  readonly lists: number;
  readonly slots: number;
  readonly pairs: number;
  readonly candidates: number;
  readonly words: number;
  readonly excluded: number;
  /** Most that are selected of a list: clusters, and items. */
  readonly mostProbes: number;
  readonly mostSelected: number;
}

/** The selections of a lane that holds so much. */
export async function laneSelections(
  { index, kernels }: Omit<SearchParts, "selections">,
  { mostProbes, mostSelected }: LaneNeeds,
): Promise<SelectionsOf> {
  const names: [Selected, number][] =
    index.vectors.length > 0
      ? [
          ["candidates", mostSelected],
          ["refined", mostSelected],
        ]
      : [["lists", mostSelected]];
  if (mostProbes > 0) names.push(["probes", mostProbes]);
  const compiled = names.map(async ([name, many]) => {
    return [name, await kernels.selection(name, many)] as const;
  });
  return Object.fromEntries(await Promise.all(compiled));
}

/** What the buffers must hold for a batch. */
export function laneNeeds(
  { requests, probes, candidates, words, excluded }: SearchNeeds,
  { shape }: DeviceIndex,
): LaneNeeds {
  const lists = requests * shape.heads;
  const isAll = probes >= shape.clusters;
  return {
    lists,
    slots: lists * probes * shape.width,
    pairs: isAll ? lists : lists * probes,
    candidates: lists * candidates,
    words,
    excluded,
    mostProbes: isAll ? 0 : probes,
    mostSelected: candidates,
  };
}
