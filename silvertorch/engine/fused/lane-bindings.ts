import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, type Binding, type BoundKernel, type Kernel } from "../../device/kernel.ts";

/** A lane's buffers by name, and kernels bound to them and to others, once each. */
export class LaneBindings {
  readonly #device: GpuDevice;
  readonly #buffers = new Map<string, GPUBuffer>();
  readonly #bound = new Map<string, BoundKernel>();

  constructor(device: GpuDevice) {
    this.#device = device;
  }

  /** Makes a buffer of zeros. */
  add(name: string, words: number): void {
    this.#buffers.set(name, this.#device.buffer(`lane.${name}`, words * 4));
  }

  buffer(name: string): GPUBuffer {
    return this.#buffers.get(name)!;
  }

  /**
   * A kernel with its buffers, in the order of its bindings; own ones by their names.
   * @param name what is bound, if it was not before.
   */
  bind(name: string, kernel: Kernel, buffers: readonly (string | GPUBuffer)[]): BoundKernel {
    let bound = this.#bound.get(name);
    if (bound === undefined) {
      const bindings = buffers.map((each): Binding =>
        typeof each === "string" ? this.buffer(each) : each,
      );
      bound = bind(this.#device, kernel, bindings);
      this.#bound.set(name, bound);
    }
    return bound;
  }

  /** Gives its buffers back. */
  dispose(): void {
    for (const buffer of this.#buffers.values()) this.#device.release(buffer);
    this.#buffers.clear();
    this.#bound.clear();
  }
}
