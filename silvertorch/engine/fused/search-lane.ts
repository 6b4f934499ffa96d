import type { GpuDevice } from "../../device/gpu-device.ts";
import { linearGrid } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { CENTROID_TILES, centroidGrid, MANY_LISTS } from "../../kernels/search/centroid-keys.ts";
import { bucketWords, pairGroups } from "../../kernels/search/group-pairs.ts";
import { locateGroups } from "../../kernels/search/locate-excluded.ts";
import { openGrid } from "../../kernels/search/open-scan.ts";
import { refineGroups } from "../../kernels/search/refine-candidates.ts";
import {
  affinityWords,
  codeVectors,
  workOrder,
  type OpenOrder,
  type WorkOrder,
} from "../../kernels/search/search-shape.ts";
import { BonusLane } from "./bonus-lane.ts";
import type { DeviceIndex } from "./device-index.ts";
import { LaneBindings } from "./lane-bindings.ts";
import type { LaneNeeds, SearchBatch, SelectionsOf } from "./lane-needs.ts";
import type { SearchKernels } from "./search-kernels.ts";
import type { Selected } from "./selections.ts";
import type { LaneBuffers } from "./stages.ts";

/** Workgroups of a masked scan at most: what is beyond them they take in turns. */
const MASKED_GROUPS = 16_384;

/** What all lanes share. */
export interface SearchParts {
  readonly index: DeviceIndex;
  readonly kernels: SearchKernels;
  readonly selections: SelectionsOf;
}

/** Buffers of one batch on its way through the search, and its kernels bound to them. */
export class SearchLane {
  readonly #device: GpuDevice;
  readonly #index: DeviceIndex;
  readonly #kernels: SearchKernels;
  readonly #bindings: LaneBindings;
  readonly #shared: LaneBuffers;
  readonly #selections: SelectionsOf;
  readonly #bonuses: BonusLane | null;

  constructor(
    device: GpuDevice,
    { index, kernels, selections }: SearchParts,
    shared: LaneBuffers,
    capacity: LaneNeeds,
  ) {
    this.#selections = selections;
    this.#device = device;
    this.#bindings = new LaneBindings(device);
    this.#index = index;
    this.#kernels = kernels;
    this.#shared = shared;
    const { clusters } = index.shape;
    const { lists, slots, pairs, candidates } = capacity;
    const words = (name: string, count: number): void => this.#bindings.add(name, count);
    words("batch", capacity.words);
    words("excluded", capacity.excluded);
    words("codes", lists * (codeVectors(index.shape) + 1) * 4);
    words("counts", lists);
    words("keys", slots);
    words("positions", slots);
    words("probed", pairs);
    if (index.centroids !== null) {
      words("bucketCounts", bucketWords(clusters));
      words("affinities", lists * affinityWords(index.shape));
      words("bucketStarts", bucketWords(clusters));
      words("bucketCursors", bucketWords(clusters));
      words("sorted", 2 * pairs);
    }
    if (index.vectors.length > 0) {
      words("candidateKeys", candidates);
      words("candidatePositions", candidates);
    }
    const held = Math.max(...Object.values(selections).map(({ heldInBuffer }) => heldInBuffer));
    if (held > 0) words("held", 2 * lists * held);
    this.#bonuses = this.#bonusLane();
  }

  /** The packed batch. */
  get batch(): GPUBuffer {
    return this.#bindings.buffer("batch");
  }

  /**
   * Takes the packed batch up.
   * @param bonuses what filters add to clusters' scores; null: nothing.
   */
  upload(words: Uint32Array<ArrayBuffer>, bonuses: Uint32Array<ArrayBuffer> | null): void {
    this.#device.queue.writeBuffer(this.batch, 0, words);
    if (bonuses !== null) this.#bonuses!.upload(bonuses);
  }

  /** Records the search: from queries to lists. @param hasBonuses Whether some were taken up. */
  record(recorder: Recorder, batch: SearchBatch, hasBonuses: boolean): void {
    const { shape } = this.#index;
    const lists = batch.requests * shape.heads;
    const order = workOrder(batch.pairs, batch.probes, shape.clusters);
    if (order === "all") this.#quantise(recorder, lists);
    if (batch.excluded > 0) this.#locate(recorder, batch.excluded);
    if (order !== "all") this.#probe(recorder, batch, { lists, hasBonuses });
    if (order === "byCluster" && !batch.isChained) this.#group(recorder, batch.pairs);
    this.#scan(recorder, batch, { lists, order });
    this.#select(recorder, batch, lists);
  }

  dispose(): void {
    this.#bonuses?.dispose();
    this.#bindings.dispose();
  }

  #bonusLane(): BonusLane | null {
    const kernel = this.#kernels.probing?.bonusKeys ?? null;
    if (kernel === null) return null;
    return new BonusLane(this.#device, kernel, {
      batch: this.batch,
      queries: this.#shared.queries,
      affinities: this.#bindings.buffer("affinities"),
    });
  }

  /** Where clusters are probed, that is done beside it. */
  #quantise(recorder: Recorder, lists: number): void {
    recorder.stage("fused.quantise");
    const bound = this.#bindings.bind("quantise", this.#kernels.quantise, [
      this.#shared.queries,
      "codes",
      "counts",
    ]);
    recorder.run(bound, [lists]);
  }

  #locate(recorder: Recorder, excluded: number): void {
    const { positions } = this.#index;
    const bound = this.#bindings.bind("locate", this.#kernels.locate, [
      "batch",
      "excluded",
      ...(positions === null ? [] : [positions]),
    ]);
    recorder.run(bound, [locateGroups(excluded)]);
  }

  #probe(
    recorder: Recorder,
    { openLists }: SearchBatch,
    { lists, hasBonuses }: { readonly lists: number; readonly hasBonuses: boolean },
  ): void {
    const { centroids, shape } = this.#index;
    const tile = lists < MANY_LISTS ? "few" : "many";
    recorder.stage("fused.probe");
    recorder.run(
      this.#bindings.bind(`centroidKeys.${tile}`, this.#kernels.probing!.centroidKeys[tile], [
        "batch",
        this.#shared.queries,
        centroids!,
        "affinities",
        "codes",
        "counts",
        "bucketCounts",
      ]),
      centroidGrid(lists, shape.clusters, CENTROID_TILES[tile]),
    );
    if (hasBonuses) this.#bonuses!.record(recorder, lists - openLists, shape.clusters);
    recorder.stage("fused.choose");
    this.#selection(recorder, "probes", lists, ["affinities", "probed", "bucketCounts", "sorted"]);
  }

  #group(recorder: Recorder, pairs: number): void {
    const { startsOfBuckets, sortPairs } = this.#kernels.probing!;
    recorder.stage("fused.group");
    const tables = ["bucketCounts", "bucketStarts", "bucketCursors"];
    recorder.run(this.#bindings.bind("startsOfBuckets", startsOfBuckets, tables), [1]);
    const sorted = ["batch", "probed", "bucketCursors", "sorted"];
    recorder.run(
      this.#bindings.bind("sortPairs", sortPairs, sorted),
      linearGrid(pairGroups(pairs)),
    );
  }

  #scan(
    recorder: Recorder,
    batch: SearchBatch,
    { lists, order }: { readonly lists: number; readonly order: WorkOrder },
  ): void {
    const { width } = this.#index.shape;
    const openPairs = batch.openLists * batch.probes;
    const filtered = lists - batch.openLists;
    const isClustered = this.#index.centroids !== null;
    const openOrder: OpenOrder = batch.isChained ? "chained" : order;
    const work = order === "byCluster" ? "bucketStarts" : "probed";
    const sorted = isClustered ? "sorted" : "probed";
    if (openPairs > 0) {
      recorder.stage("fused.scan.open");
      for (const [at, part] of this.#index.parts.entries()) {
        const kernel = this.#kernels.openScan[openOrder]!;
        const bound = this.#bindings.bind(`open.${openOrder}.${at}`, kernel, [
          "batch",
          part.codes,
          this.#index.scales,
          "codes",
          batch.isChained ? "bucketCounts" : work,
          sorted,
          "keys",
          part.extent,
        ]);
        recorder.run(
          bound,
          openGrid(openOrder, { width, clusters: part.clusters, pairs: openPairs }),
        );
      }
      if (batch.openExcluded > 0) this.#clear(recorder, batch, order);
    }
    if (filtered > 0) {
      recorder.stage("fused.scan.masked");
      for (const [at, part] of this.#index.parts.entries()) {
        const bound = this.#bindings.bind(
          `masked.${order}.${at}`,
          this.#kernels.maskedScan[order]!,
          [
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
          ],
        );
        const pairs = order === "all" ? filtered * part.clusters : batch.pairs - openPairs;
        recorder.run(bound, linearGrid(Math.min(pairs, MASKED_GROUPS)));
      }
    }
  }

  #clear(recorder: Recorder, { openLists }: SearchBatch, order: WorkOrder): void {
    const { heads } = this.#index.shape;
    const { pairs, all } = this.#kernels.clearExcluded;
    const bound =
      order === "all"
        ? this.#bindings.bind("clear.all", all, ["batch", "excluded", "probed", "keys"])
        : this.#bindings.bind("clear", pairs!, ["batch", "excluded", "probed", "keys"]);
    recorder.run(bound, [openLists / heads, heads]);
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
      const bound = this.#bindings.bind(`refine.${at}`, this.#kernels.refine!, [
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
    const { kernel, heldInBuffer } = this.#selections[name]!;
    const held = heldInBuffer > 0 ? ["held"] : [];
    recorder.run(this.#bindings.bind(name, kernel, ["batch", ...ends, ...held]), [lists]);
  }
}
