import type { GpuDevice } from "../../device/gpu-device.ts";
import { BUFFER_USAGE } from "../../device/webgpu.ts";
import { valuesTiles, type RecordChunks } from "../../kernels/ranking/candidate-values.ts";
import { bind, type BoundKernel, type Kernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { powerOfTwo } from "../../kernels/ranking/order.ts";
import { tableSlots } from "../../kernels/ranking/union.ts";
import type {
  BatchExtent,
  LaneBuffers,
  LaneCapacity,
  PackedFresh,
  RankingLane,
} from "../fused/stages.ts";
import { type FreshCandidates, FreshCandidatesLane } from "./fresh-candidates.ts";
import type { DeviceOverArch, OverArchLane } from "./over-arch.ts";

/** What gives candidates their values; for all lanes. */
export interface ValuesParts {
  readonly overArch: DeviceOverArch | null;
  readonly weights: GPUBuffer;
  /** Of all items. */
  readonly records: RecordChunks;
  readonly chunks: readonly GPUBuffer[];
  /** The number of each chunk, and of that of the fresh items, as a uniform. */
  readonly firsts: readonly GPUBuffer[];
  readonly fresh: FreshCandidates;
  /** Stands for the records of fresh items where there are none. */
  readonly noFresh: GPUBuffer;
  readonly kernel: Kernel;
  /** Candidates of a workgroup. */
  readonly tile: number;
}

/** What ranks candidates; for all lanes. */
export interface RankingParts {
  readonly heads: number;
  readonly chunks: number;
  readonly union: Kernel;
  /** null: the value is the score. */
  readonly values: ValuesParts | null;
  /** Entries that `best` sorts in workgroup memory; for more there is `manyBest`. */
  readonly sorted: number;
  readonly best: Kernel;
  readonly manyBest: Kernel;
}

interface LaneOptions {
  readonly buffers: LaneBuffers;
  readonly capacity: LaneCapacity;
  /** float32 [requests, userDim] */
  readonly features: GPUBuffer;
}

interface Dispatch {
  readonly first: GPUBuffer;
  readonly chunks: readonly GPUBuffer[];
  /** Whether it sees no chunk but that of the fresh items. */
  readonly freshOnly: boolean;
}

/** Chunks of each dispatch of the values kernel; the last one fills up its bindings. */
function dispatches(
  { records, chunks: compiled, firsts }: ValuesParts,
  fresh: GPUBuffer,
): Dispatch[] {
  const chunks = [...compiled, fresh];
  const count = Math.ceil(records.chunks / records.bound);
  return Array.from({ length: count }, (_, dispatch) => {
    const start = dispatch * records.bound;
    return {
      first: firsts[start]!,
      freshOnly: start >= compiled.length,
      chunks: Array.from(
        { length: records.bound },
        (__, at) => chunks[Math.min(start + at, chunks.length - 1)]!,
      ),
    };
  });
}

interface BoundValues extends Pick<Dispatch, "freshOnly"> {
  readonly bound: BoundKernel;
}

/** Bytes between the params of two kernels: the least offset of a binding. */
const PARAMS_STRIDE = 256;

/** Ranks the candidates of a batch on its way: union, values, the k best. */
export class DeviceRankingLane implements RankingLane {
  readonly answerRows: GPUBuffer;
  readonly answerValues: GPUBuffer;
  readonly #device: GpuDevice;
  readonly #parts: RankingParts;
  readonly #params: GPUBuffer;
  /** What it holds. */
  #extent: BatchExtent | null = null;
  readonly #own: GPUBuffer[] = [];
  readonly #union: BoundKernel;
  readonly #overArch: OverArchLane | null;
  readonly #fresh: FreshCandidatesLane | null;
  readonly #bindValues: (fresh: GPUBuffer) => readonly BoundValues[];
  #values: readonly BoundValues[];
  /** What the values were bound with. */
  #freshRecords: GPUBuffer | null = null;
  readonly #best: BoundKernel;
  readonly #manyBest: BoundKernel | null;

  constructor(
    device: GpuDevice,
    parts: RankingParts,
    { buffers, capacity, features }: LaneOptions,
  ) {
    const { requests, places } = capacity;
    const width = parts.heads * places;
    this.#device = device;
    this.#parts = parts;
    this.#params = device.buffer(
      "ranking.params",
      3 * PARAMS_STRIDE,
      BUFFER_USAGE.STORAGE | BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST,
    );
    this.#own.push(this.#params);
    const table = this.#words("ranking.table", requests * 2 * tableSlots(width));
    const rows = this.#words("ranking.rows", requests * width);
    const scores = this.#words("ranking.scores", requests * width);
    const bounds = this.#words("ranking.bounds", requests * (parts.chunks + 1));
    this.answerRows = this.#words("ranking.answerRows", requests * (places + 1));
    this.answerValues = this.#words("ranking.answerValues", requests * places);
    const { listRows, listScores } = buffers;
    const lists = [this.#at(0), listRows, listScores, table, rows, scores, bounds];
    this.#union = bind(device, parts.union, lists);
    const values = parts.values === null ? scores : this.#words("ranking.values", requests * width);
    this.#overArch =
      parts.values?.overArch?.lane({
        buffers,
        features,
        requests,
        params: this.#at(1),
        weights: parts.values.weights,
      }) ?? null;
    const own = this.#overArch?.bindings ?? [];
    this.#fresh =
      parts.values === null ? null : new FreshCandidatesLane(parts.values.fresh, buffers);
    this.#bindValues = (fresh) =>
      dispatches(parts.values!, fresh).map(({ first, chunks, freshOnly }) => {
        const candidates = [this.#at(1), first, bounds, rows, scores, values];
        const all = [...candidates, ...chunks, ...own];
        return { bound: bind(device, parts.values!.kernel, all), freshOnly };
      });
    this.#values = parts.values === null ? [] : this.#bindValues(parts.values.noFresh);
    const ranked = [this.#at(2), bounds, rows, values, this.answerRows, this.answerValues];
    this.#best = bind(device, parts.best, ranked);
    const entries = powerOfTwo(places);
    this.#manyBest =
      entries <= parts.sorted
        ? null
        : bind(device, parts.manyBest, [
            ...ranked,
            this.#words("ranking.scratch", requests * 2 * entries),
          ]);
  }

  upload(extent: BatchExtent): void {
    const { requests, places, k } = extent;
    const before = this.#extent;
    if (before?.requests === requests && before.places === places && before.k === k) return;
    this.#extent = extent;
    const width = this.#parts.heads * places;
    const params = new Uint32Array((3 * PARAMS_STRIDE) / 4);
    params.set([requests, places, tableSlots(width), width]);
    params.set([requests, width], PARAMS_STRIDE / 4);
    params.set([requests, k, powerOfTwo(k), width], (2 * PARAMS_STRIDE) / 4);
    this.#device.queue.writeBuffer(this.#params, 0, params);
  }

  async uploadFresh(fresh: PackedFresh | null, extent: BatchExtent): Promise<void> {
    if (this.#fresh === null) return;
    await this.#fresh.upload(fresh, extent);
    const { records } = this.#fresh;
    if (records === null || records === this.#freshRecords) return;
    this.#freshRecords = records;
    this.#values = this.#bindValues(records);
  }

  record(recorder: Recorder, extent: BatchExtent): void {
    const { requests, places, k } = extent;
    this.#fresh?.record(recorder, extent);
    recorder.stage("fused.union");
    recorder.run(this.#union, [requests]);
    if (this.#parts.values !== null) {
      if (this.#overArch !== null) {
        recorder.stage("fused.users");
        this.#overArch.record(recorder, requests);
      }
      recorder.stage("fused.values");
      const { tile, records } = this.#parts.values;
      const tiles = valuesTiles(this.#parts.heads * places, tile, records);
      const hasFresh = (this.#fresh?.count ?? 0) > 0;
      for (const { bound, freshOnly } of this.#values) {
        if (hasFresh || !freshOnly) recorder.run(bound, [tiles, requests]);
      }
    }
    recorder.stage("fused.best");
    recorder.run(powerOfTwo(k) <= this.#parts.sorted ? this.#best : this.#manyBest!, [requests]);
  }

  dispose(): void {
    this.#overArch?.dispose();
    this.#fresh?.dispose();
    for (const buffer of this.#own) this.#device.release(buffer);
  }

  #words(label: string, count: number): GPUBuffer {
    const buffer = this.#device.buffer(label, 4 * count);
    this.#own.push(buffer);
    return buffer;
  }

  /** The params of one of the kernels. */
  #at(nth: number): GPUBufferBinding {
    return { buffer: this.#params, offset: nth * PARAMS_STRIDE, size: PARAMS_STRIDE };
  }
}
