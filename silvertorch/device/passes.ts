import { BUFFER_USAGE } from "./webgpu.ts";
import type { GpuDevice } from "./gpu-device.ts";
import type { BoundKernel, Grid } from "./kernel.ts";

/** Where kernels are recorded, stage by stage; one that is left out of a grid of 0 is not run. */
export interface Recorder {
  /** What is recorded from now on belongs to this stage. */
  stage(name: string): void;
  run(bound: BoundKernel, grid: Grid): void;
  /** Ends what is recorded: other commands may follow on the encoder. */
  end(): void;
}

/** Records all stages into one pass: the fewest commands. */
export class PlainRecorder implements Recorder {
  readonly #encoder: GPUCommandEncoder;
  #pass: GPUComputePassEncoder | null = null;

  constructor(encoder: GPUCommandEncoder) {
    this.#encoder = encoder;
  }

  stage(): void {}

  run(bound: BoundKernel, grid: Grid): void {
    this.#pass ??= this.#encoder.beginComputePass();
    dispatch(this.#pass, bound, grid);
  }

  end(): void {
    this.#pass?.end();
    this.#pass = null;
  }
}

function dispatch(
  pass: GPUComputePassEncoder,
  { kernel, group }: BoundKernel,
  [x, y = 1, z = 1]: Grid,
): void {
  if (x === 0 || y === 0 || z === 0) return;
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(x, y, z);
}

/** Milliseconds that a stage took on the device. */
export interface StageTime {
  readonly stage: string;
  readonly ms: number;
}

/** Stages of one submission at most. */
const MAX_STAGES = 64;

/**
 * Times stages: a pass each, with a timestamp before and after. One submission at a time:
 * `record`, then `resolve` on the same encoder, submit, `read`.
 */
export class StageTimer {
  readonly #device: GpuDevice;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #readable: GPUBuffer;
  #names: string[] = [];

  /** For a device with timestamps. */
  constructor(device: GpuDevice) {
    const bytes = 2 * MAX_STAGES * 8;
    this.#device = device;
    this.#queries = device.raw.createQuerySet({ type: "timestamp", count: 2 * MAX_STAGES });
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = BUFFER_USAGE;
    this.#resolved = device.buffer("timestamps", bytes, QUERY_RESOLVE | COPY_SRC);
    this.#readable = device.buffer("timestamps.read", bytes, COPY_DST | MAP_READ);
  }

  /** A recorder of the next submission. */
  record(encoder: GPUCommandEncoder): Recorder {
    this.#names = [];
    let pass: GPUComputePassEncoder | null = null;
    const end = (): void => {
      pass?.end();
      pass = null;
    };
    return {
      stage: (name) => {
        end();
        const at = this.#names.push(name) - 1;
        pass = encoder.beginComputePass({
          timestampWrites: {
            querySet: this.#queries,
            beginningOfPassWriteIndex: 2 * at,
            endOfPassWriteIndex: 2 * at + 1,
          },
        });
      },
      run: (bound, grid) => {
        pass ??= encoder.beginComputePass();
        dispatch(pass, bound, grid);
      },
      end,
    };
  }

  resolve(encoder: GPUCommandEncoder): void {
    const count = 2 * this.#names.length;
    encoder.resolveQuerySet(this.#queries, 0, count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#readable, 0, count * 8);
  }

  /** The times of the stages of the submission, in order; a name may come twice. */
  async read(): Promise<StageTime[]> {
    await this.#device.settle(this.#readable.mapAsync(1));
    const ticks = new BigUint64Array(this.#readable.getMappedRange());
    const times = this.#names.map((stage, at) => ({
      stage,
      ms: Number(ticks[2 * at + 1]! - ticks[2 * at]!) / 1e6,
    }));
    this.#readable.unmap();
    return times;
  }

  dispose(): void {
    this.#queries.destroy();
    this.#device.release(this.#resolved);
    this.#device.release(this.#readable);
  }
}
