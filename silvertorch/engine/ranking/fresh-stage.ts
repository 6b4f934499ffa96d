import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, type BoundKernel, type Kernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { FRESH_TILE, freshScoresKernel } from "../../kernels/ranking/fresh-scores.ts";
import type { ScoredFresh } from "../fused/pack-batch.ts";
import type { LaneBuffers } from "../fused/stages.ts";

/** Room for fresh items grows by doubling from here. */
const FIRST_ITEMS = 256;

/** Scores items that came after the artifact was compiled. */
export class FreshStage {
  readonly #device: GpuDevice;
  readonly #kernel: Kernel;
  readonly #dim: number;

  private constructor(device: GpuDevice, kernel: Kernel, dim: number) {
    this.#device = device;
    this.#kernel = kernel;
    this.#dim = dim;
  }

  static async open(
    device: GpuDevice,
    shape: { readonly heads: number; readonly dim: number },
  ): Promise<FreshStage> {
    const kernel = await compileKernel(device, "fresh-scores", freshScoresKernel(shape));
    return new FreshStage(device, kernel, shape.dim);
  }

  /** @param requests the most of a batch. */
  lane({ queries }: Pick<LaneBuffers, "queries">, requests: number): FreshLane {
    const { device, kernel, dim } = { device: this.#device, kernel: this.#kernel, dim: this.#dim };
    return new FreshLane(device, kernel, { queries, requests, dim });
  }
}

interface LaneParts {
  readonly queries: GPUBuffer;
  readonly requests: number;
  readonly dim: number;
}

/** Fresh items and their scores for a batch on its way. */
export class FreshLane {
  readonly #device: GpuDevice;
  readonly #kernel: Kernel;
  readonly #parts: LaneParts;
  #room = 0;
  #fresh = 0;
  #buffers: Buffers | null = null;
  /** Whose numbers the buffer holds, and how many; null: of no table. */
  #table: number | null = null;
  #uploaded = 0;

  constructor(device: GpuDevice, kernel: Kernel, parts: LaneParts) {
    this.#device = device;
    this.#kernel = kernel;
    this.#parts = parts;
  }

  /** Items of the batch on its way. */
  get fresh(): number {
    return this.#fresh;
  }

  /** float32 [requests, fresh]; null where there were none yet. It may be another after `upload`. */
  get scores(): GPUBuffer | null {
    return this.#buffers?.scores ?? null;
  }

  /** What the buffer holds already is not sent again. */
  upload({ items, table }: ScoredFresh): void {
    this.#fresh = items.length / this.#parts.dim;
    if (this.#fresh === 0) return;
    const { params, items: room } = this.#fit();
    this.#device.queue.writeBuffer(params, 0, Uint32Array.of(this.#fresh));
    if (table === null || table !== this.#table) this.#uploaded = 0;
    this.#table = table;
    if (items.length <= this.#uploaded) return;
    // A copy: the device takes no memory that threads share.
    const added = new Float32Array(items.subarray(this.#uploaded));
    this.#device.queue.writeBuffer(room, 4 * this.#uploaded, added);
    this.#uploaded = items.length;
  }

  record(recorder: Recorder, requests: number): void {
    if (this.#fresh === 0) return;
    recorder.stage("fused.fresh");
    recorder.run(this.#buffers!.bound, [Math.ceil(this.#fresh / FRESH_TILE), requests]);
  }

  dispose(): void {
    if (this.#buffers === null) return;
    const { params, items, scores } = this.#buffers;
    for (const buffer of [params, items, scores]) this.#device.release(buffer);
    this.#buffers = null;
    this.#room = 0;
    this.#table = null;
  }

  #fit(): Buffers {
    if (this.#buffers !== null && this.#fresh <= this.#room) return this.#buffers;
    const device = this.#device;
    const { queries, requests, dim } = this.#parts;
    const room = Math.max(FIRST_ITEMS, 2 * this.#room, this.#fresh);
    this.dispose();
    this.#room = room;
    const params = device.buffer("fresh.params", 4);
    const items = device.buffer("fresh.items", 4 * room * dim);
    const scores = device.buffer("fresh.scores", 4 * room * requests);
    const bound = bind(device, this.#kernel, [params, queries, items, scores]);
    this.#buffers = { params, items, scores, bound };
    return this.#buffers;
  }
}

interface Buffers {
  readonly params: GPUBuffer;
  readonly items: GPUBuffer;
  readonly scores: GPUBuffer;
  readonly bound: BoundKernel;
}
