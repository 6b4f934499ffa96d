import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, type BoundKernel, type Kernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { freshScoresGrid, freshScoresKernel } from "../../kernels/ranking/fresh-scores.ts";
import type { ScoredFresh } from "../fused/pack-batch.ts";
import type { Selection, Selections } from "../fused/selections.ts";
import type { LaneCapacity } from "../fused/stages.ts";

/** Room for fresh items grows by doubling from here. */
const FIRST_ITEMS = 256;

/** Scores items that came after the artifact was compiled, and selects those that come among the answers. */
export class FreshStage {
  readonly #device: GpuDevice;
  readonly #kernel: Kernel;
  readonly #selections: Pick<Selections, "of">;
  readonly #dim: number;

  private constructor(
    device: GpuDevice,
    kernel: Kernel,
    { selections, dim }: { readonly selections: Pick<Selections, "of">; readonly dim: number },
  ) {
    this.#device = device;
    this.#kernel = kernel;
    this.#selections = selections;
    this.#dim = dim;
  }

  static async open(
    device: GpuDevice,
    shape: { readonly heads: number; readonly dim: number },
    selections: Pick<Selections, "of">,
  ): Promise<FreshStage> {
    const kernel = await compileKernel(device, "fresh-scores", freshScoresKernel(shape));
    return new FreshStage(device, kernel, { selections, dim: shape.dim });
  }

  async lane(read: FreshReads, capacity: LaneCapacity): Promise<FreshLane> {
    const { requests, places } = capacity;
    const selection = await this.#selections.of("fresh", places, requests);
    const kernels = { scores: this.#kernel, selection };
    return new FreshLane(this.#device, kernels, { ...read, ...capacity, dim: this.#dim });
  }
}

/** What a lane has beside its fresh items. */
interface FreshReads {
  /** The packed batch. */
  readonly batch: GPUBuffer;
  readonly queries: GPUBuffer;
  /** float32 [requests, k], of the answers that the fresh items come among. */
  readonly values: GPUBuffer;
}

interface LaneParts extends FreshReads, LaneCapacity {
  readonly dim: number;
}

interface FreshKernels {
  readonly scores: Kernel;
  readonly selection: Selection;
}

/** Fresh items of a batch on its way, and which of them come among its answers. */
export class FreshLane {
  readonly #device: GpuDevice;
  readonly #kernels: FreshKernels;
  readonly #parts: LaneParts;
  #room = 0;
  #fresh = 0;
  #buffers: Buffers | null = null;
  /** Whose numbers the buffer holds, and how many; null: of no table. */
  #table: number | null = null;
  #uploaded = 0;

  constructor(device: GpuDevice, kernels: FreshKernels, parts: LaneParts) {
    this.#device = device;
    this.#kernels = kernels;
    this.#parts = parts;
  }

  /**
   * uint32 and float32 [requests, k]: places among the fresh items, and scores, best first; how many
   * there are, behind the places. null where there are no fresh items; other ones may come with
   * `upload`.
   */
  get chosen(): { readonly slots: GPUBuffer; readonly scores: GPUBuffer } | null {
    return this.#fresh === 0 ? null : this.#buffers;
  }

  /** What the buffer holds already is not sent again. */
  upload({ items, table }: ScoredFresh): void {
    this.#fresh = items.length / this.#parts.dim;
    if (this.#fresh === 0) return;
    const { items: room } = this.#fit();
    if (table === null || table !== this.#table) this.#uploaded = 0;
    this.#table = table;
    if (items.length <= this.#uploaded) return;
    // A copy: the device takes no memory that threads share.
    const added = new Float32Array(items.subarray(this.#uploaded));
    this.#device.queue.writeBuffer(room, 4 * this.#uploaded, added);
    this.#uploaded = items.length;
  }

  /** After what makes the answers. */
  record(recorder: Recorder, requests: number): void {
    if (this.#fresh === 0) return;
    const { scored, selected } = this.#buffers!;
    recorder.stage("fused.fresh");
    recorder.run(scored, freshScoresGrid(this.#fresh, requests));
    recorder.run(selected, [requests]);
  }

  dispose(): void {
    if (this.#buffers === null) return;
    const { items, keys, slots, scores, held } = this.#buffers;
    for (const buffer of [items, keys, slots, scores, ...held]) this.#device.release(buffer);
    this.#buffers = null;
    this.#room = 0;
    this.#table = null;
  }

  #fit(): Buffers {
    if (this.#buffers !== null && this.#fresh <= this.#room) return this.#buffers;
    const device = this.#device;
    const { batch, queries, values, requests, places, dim } = this.#parts;
    const { scores: kernel, selection } = this.#kernels;
    const room = Math.max(FIRST_ITEMS, 2 * this.#room, 4 * Math.ceil(this.#fresh / 4));
    this.dispose();
    this.#room = room;
    const items = device.buffer("fresh.items", 4 * room * dim);
    const keys = device.buffer("fresh.keys", 4 * room * requests);
    const slots = device.buffer("fresh.slots", 4 * requests * (places + 1));
    const scores = device.buffer("fresh.scores", 4 * requests * places);
    const { heldInBuffer } = selection;
    const held =
      heldInBuffer === 0 ? [] : [device.buffer("fresh.held", 8 * requests * heldInBuffer)];
    const scored = bind(device, kernel, [batch, queries, items, values, keys]);
    const selected = bind(device, selection.kernel, [batch, keys, slots, scores, ...held]);
    this.#buffers = { items, keys, slots, scores, held, scored, selected };
    return this.#buffers;
  }
}

interface Buffers {
  readonly items: GPUBuffer;
  readonly keys: GPUBuffer;
  readonly slots: GPUBuffer;
  readonly scores: GPUBuffer;
  /** Of a selection that holds much. */
  readonly held: readonly GPUBuffer[];
  readonly scored: BoundKernel;
  readonly selected: BoundKernel;
}
