import type { GpuDevice } from "../../device/gpu-device.ts";
import {
  bind,
  compileKernel,
  linearGrid,
  type BoundKernel,
  type Kernel,
} from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { BUFFER_USAGE } from "../../device/webgpu.ts";
import { bestByValueKernel } from "../../kernels/ranking/best-by-value.ts";
import {
  FRESH_CANDIDATES_TILE,
  freshCandidatesKernel,
} from "../../kernels/ranking/fresh-candidates.ts";
import type { ItemRecord } from "../../kernels/ranking/item-record.ts";
import { powerOfTwo } from "../../kernels/ranking/order.ts";
import { packRecordsKernel } from "../../kernels/ranking/pack-records.ts";
import type { BatchExtent, LaneBuffers, PackedFresh } from "../fused/stages.ts";
import { recordParts } from "./load-records.ts";

export interface FreshCandidatesShape {
  readonly heads: number;
  readonly dim: number;
  /** Compiled items: fresh ones have the rows behind theirs. */
  readonly items: number;
  readonly record: ItemRecord;
  /** Entries that are sorted in workgroup memory. */
  readonly sorted: number;
}

interface Kernels {
  /** One a part of the records, in the order of `recordParts`. */
  readonly packs: readonly Kernel[];
  readonly candidates: Kernel;
  readonly best: Kernel;
  readonly manyBest: Kernel;
}

/** Room for fresh items grows by doubling from here. */
const FIRST_ITEMS = 256;

/**
 * Items that came after the artifact was compiled, ranked along with the others: their records are
 * made as the compiled ones were, and they compete for the places of each list.
 */
export class FreshCandidates {
  readonly device: GpuDevice;
  readonly shape: FreshCandidatesShape;
  #kernels: Promise<Kernels> | null = null;

  constructor(device: GpuDevice, shape: FreshCandidatesShape) {
    this.device = device;
    this.shape = shape;
  }

  /** Compiled at the first use: many models never have a fresh item. */
  get kernels(): Promise<Kernels> {
    this.#kernels ??= this.#compile();
    return this.#kernels;
  }

  async #compile(): Promise<Kernels> {
    const { device } = this;
    const { record, sorted } = this.shape;
    const packs: Kernel[] = [];
    for (const part of recordParts(record)) {
      const code = packRecordsKernel(part, { recordWords: record.words, byPlace: false });
      packs.push(await compileKernel(device, "fresh-pack", code));
    }
    const best = (entries: number | null): Promise<Kernel> =>
      compileKernel(device, "fresh-best", bestByValueKernel({ boundsWidth: 1, sorted: entries }));
    return {
      packs,
      candidates: await compileKernel(
        device,
        "fresh-candidates",
        freshCandidatesKernel(this.shape),
      ),
      best: await best(sorted),
      manyBest: await best(null),
    };
  }
}

/** How much a lane's buffers hold. */
interface Room {
  readonly items: number;
  readonly requests: number;
  readonly places: number;
}

interface Held {
  readonly records: GPUBuffer;
  readonly packParams: GPUBuffer;
  readonly sources: readonly GPUBuffer[];
  readonly params: GPUBuffer;
  readonly items: GPUBuffer;
  readonly barred: GPUBuffer;
  readonly bestParams: GPUBuffer;
  readonly bounds: GPUBuffer;
  readonly packs: readonly BoundKernel[];
  readonly candidates: BoundKernel;
  readonly best: BoundKernel;
  readonly all: readonly GPUBuffer[];
}

/** The fresh items of a batch on its way. */
export class FreshCandidatesLane {
  readonly #stage: FreshCandidates;
  readonly #buffers: LaneBuffers;
  #room: Room = { items: 0, requests: 0, places: 0 };
  #held: Held | null = null;
  #count = 0;

  constructor(stage: FreshCandidates, buffers: LaneBuffers) {
    this.#stage = stage;
    this.#buffers = buffers;
  }

  /** Fresh items of the batch on its way. */
  get count(): number {
    return this.#count;
  }

  /** Their records; null: there were none yet. It may be another after `upload`. */
  get records(): GPUBuffer | null {
    return this.#held?.records ?? null;
  }

  async upload(fresh: PackedFresh | null, { requests, places }: BatchExtent): Promise<void> {
    this.#count = fresh?.count ?? 0;
    if (fresh === null || fresh.count === 0) return;
    const { count } = fresh;
    const held = await this.#fit({ items: count, requests, places });
    const { device, shape } = this.#stage;
    const { queue } = device;
    const lists = requests * shape.heads;
    queue.writeBuffer(held.packParams, 0, Uint32Array.of(0, count, 0, count));
    for (const [at, source] of fresh.sources.entries()) {
      queue.writeBuffer(held.sources[at]!, 0, source);
    }
    queue.writeBuffer(held.items, 0, fresh.embeddings);
    queue.writeBuffer(held.barred, 0, fresh.barred);
    queue.writeBuffer(held.params, 0, Uint32Array.of(count, places, shape.items, 0));
    const best = Uint32Array.of(lists, places, powerOfTwo(places), places + count);
    queue.writeBuffer(held.bestParams, 0, best);
    queue.writeBuffer(held.bounds, 0, new Uint32Array(lists));
  }

  /** Makes the records, and puts into the lists what belongs there. */
  record(recorder: Recorder, { requests, places }: BatchExtent): void {
    if (this.#count === 0) return;
    const { packs, candidates, best } = this.#held!;
    const lists = requests * this.#stage.shape.heads;
    recorder.stage("fused.fresh");
    for (const pack of packs) recorder.run(pack, linearGrid(this.#count));
    const tiles = Math.ceil((places + this.#count) / FRESH_CANDIDATES_TILE);
    recorder.run(candidates, [tiles, lists]);
    recorder.run(best, [lists]);
  }

  dispose(): void {
    for (const buffer of this.#held?.all ?? []) this.#stage.device.release(buffer);
    this.#held = null;
    this.#room = { items: 0, requests: 0, places: 0 };
  }

  async #fit({ items, requests, places }: Room): Promise<Held> {
    const kernels = await this.#stage.kernels;
    const room = this.#room;
    const enough = items <= room.items && requests <= room.requests && places === room.places;
    if (this.#held !== null && enough) return this.#held;
    this.dispose();
    this.#room = {
      items: Math.max(FIRST_ITEMS, powerOfTwo(items)),
      requests: Math.max(room.requests, requests),
      places,
    };
    this.#held = this.#make(kernels, this.#room);
    return this.#held;
  }

  #make(kernels: Kernels, { items: most, requests, places }: Room): Held {
    const { device, shape } = this.#stage;
    const { heads, dim, record } = shape;
    const lists = requests * heads;
    const all: GPUBuffer[] = [];
    const { UNIFORM, COPY_DST } = BUFFER_USAGE;
    const words = (label: string, count: number, usage?: GPUBufferUsageFlags): GPUBuffer => {
      const buffer = device.buffer(`fresh.${label}`, 4 * count, usage);
      all.push(buffer);
      return buffer;
    };
    const records = words("records", most * record.words);
    const packParams = words("packParams", 4);
    const sources = recordParts(record).map(({ groups, length }) =>
      words("source", most * groups * length),
    );
    // Places are rows: there is nothing that it would look up.
    const packs = sources.map((source, at) =>
      bind(device, kernels.packs[at]!, [packParams, source, source, records]),
    );
    const params = words("params", 4, UNIFORM | COPY_DST);
    const items = words("items", most * dim);
    const barred = words("barred", requests * most);
    const rows = words("rows", lists * (places + most));
    const scores = words("scores", lists * (places + most));
    const { queries, listRows, listScores } = this.#buffers;
    const bestParams = words("bestParams", 4);
    const bounds = words("bounds", lists);
    const sides = [params, queries, items, barred, listRows, listScores, rows, scores, bounds];
    const candidates = bind(device, kernels.candidates, sides);
    const ranked = [bestParams, bounds, rows, scores, listRows, listScores];
    const entries = powerOfTwo(places);
    const best =
      entries <= shape.sorted
        ? bind(device, kernels.best, ranked)
        : bind(device, kernels.manyBest, [...ranked, words("scratch", lists * 2 * entries)]);
    const own = { records, packParams, sources, params, items, barred, bestParams, bounds };
    return { ...own, packs, candidates, best, all };
  }
}
