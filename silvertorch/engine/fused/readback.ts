import type { GpuDevice } from "../../device/gpu-device.ts";
import { BUFFER_USAGE, MAP_MODE } from "../../device/webgpu.ts";

/**
 * Results on their way down: copied one behind the other, read where they are. A copy overlaps
 * neither the kernels of its batch nor those of the next: recorded behind these, with no barrier
 * between, 8 MB took an H100 as long.
 */
export class Readback {
  readonly #device: GpuDevice;
  readonly #buffer: GPUBuffer;

  constructor(device: GpuDevice, bytes: number) {
    this.#device = device;
    this.#buffer = device.buffer("readback", bytes, BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST);
  }

  /** Records copies of the first `bytes` of each buffer. */
  copy(encoder: GPUCommandEncoder, sources: readonly (readonly [GPUBuffer, number])[]): void {
    let at = 0;
    for (const [buffer, bytes] of sources) {
      if (bytes > 0) encoder.copyBufferToBuffer(buffer, 0, this.#buffer, at, bytes);
      at += bytes;
    }
  }

  /**
   * Once what was submitted is done: hands what came down over for as long as `use` takes.
   * @throws HarnessError of what went wrong on the device.
   */
  async read<T>(bytes: number, use: (held: ArrayBuffer) => T): Promise<T> {
    await this.#device.settle(this.#buffer.mapAsync(MAP_MODE.READ, 0, bytes));
    try {
      return use(this.#buffer.getMappedRange(0, bytes));
    } finally {
      this.#buffer.unmap();
    }
  }

  dispose(): void {
    this.#device.release(this.#buffer);
  }
}
