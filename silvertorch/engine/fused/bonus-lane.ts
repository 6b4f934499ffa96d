import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, type BoundKernel, type Kernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { bonusGrid } from "../../kernels/search/bonus-keys.ts";

/** Room for so many words at least: 64 filters over 1,024 clusters. */
const LEAST_WORDS = 2 ** 14;

export interface BonusBuffers {
  readonly batch: GPUBuffer;
  readonly queries: GPUBuffer;
  readonly affinities: GPUBuffer;
}

/** What filters add to clusters' scores, of one batch on its way; there is nothing until some do. */
export class BonusLane {
  readonly #device: GpuDevice;
  readonly #kernel: Kernel;
  readonly #buffers: BonusBuffers;
  #codes: GPUBuffer | null = null;
  #bound: BoundKernel | null = null;

  constructor(device: GpuDevice, kernel: Kernel, buffers: BonusBuffers) {
    this.#device = device;
    this.#kernel = kernel;
    this.#buffers = buffers;
  }

  /** Takes codes up, u32 [filters, bonusWords]. */
  upload(codes: Uint32Array<ArrayBuffer>): void {
    if (this.#codes === null || this.#codes.size < codes.byteLength) this.#grow(codes.length);
    this.#device.queue.writeBuffer(this.#codes!, 0, codes);
  }

  /** @param lists those with a filter. */
  record(recorder: Recorder, lists: number, clusters: number): void {
    recorder.run(this.#bound!, bonusGrid(lists, clusters));
  }

  dispose(): void {
    if (this.#codes !== null) this.#device.release(this.#codes);
    this.#codes = null;
  }

  #grow(words: number): void {
    this.dispose();
    const room = 2 ** Math.ceil(Math.log2(Math.max(LEAST_WORDS, words)));
    const { batch, queries, affinities } = this.#buffers;
    const codes = this.#device.buffer("lane.bonuses", room * 4);
    this.#codes = codes;
    this.#bound = bind(this.#device, this.#kernel, [batch, queries, codes, affinities]);
  }
}
