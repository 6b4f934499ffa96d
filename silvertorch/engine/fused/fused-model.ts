import type { GpuDevice } from "../../device/gpu-device.ts";
import type { DeviceStats } from "../../../src/door/stats.ts";
import { StageTimer, type StageTime } from "../../device/passes.ts";
import type { UseAnswers } from "./answers.ts";
import { FusedLane, type ForwardPass } from "./fused-lane.ts";
import type { PackedBatch } from "./pack-batch.ts";

/** Batches under way at once: one goes up, one is worked on, one comes down. */
export const LANES = 3;
/** One batch of so many is timed stage by stage: each stage is then a pass of its own. */
const TIMED_EVERY = 16;

interface ModelOptions {
  readonly lanes?: number;
  readonly timed?: boolean;
}

/** A forward pass that batches go through, several at a time. */
export class FusedModel implements AsyncDisposable {
  /** Called with the times of the stages of a batch, of some. */
  onTimes: (times: readonly StageTime[]) => void = () => {};
  readonly #pass: ForwardPass;
  readonly #lanes: readonly FusedLane[];
  readonly #free: FusedLane[];
  readonly #waiting: ((lane: FusedLane) => void)[] = [];
  readonly #timer: StageTimer | null;
  #timing = false;
  #batches = 0;
  #underWay = 0;
  #busyMs = 0;
  #busySince = 0;

  /** @param timed whether some batches are timed, where the device can. */
  constructor(pass: ForwardPass, { lanes = LANES, timed = true }: ModelOptions = {}) {
    this.#pass = pass;
    this.#lanes = Array.from({ length: lanes }, () => new FusedLane(pass));
    this.#free = [...this.#lanes];
    this.#timer = timed && pass.device.hasTimestamps ? new StageTimer(pass.device) : null;
  }

  get device(): GpuDevice {
    return this.#pass.device;
  }

  get clusters(): number {
    return this.#pass.index.shape.clusters;
  }

  get width(): number {
    return this.#pass.index.shape.width;
  }

  /** Memory of its buffers; busy is the time in which at least one batch was under way. */
  get stats(): DeviceStats {
    const { adapter, memoryBytes } = this.#pass.device;
    const now = this.#underWay > 0 ? performance.now() - this.#busySince : 0;
    return { name: adapter.device, memoryBytes, busySeconds: (this.#busyMs + now) / 1000 };
  }

  /**
   * @param use reads the answers, which are gone after it.
   * @throws HarnessError of what went wrong on the device.
   */
  async run<T>(batch: PackedBatch, use: UseAnswers<T>): Promise<T> {
    const lane = await this.#take();
    const timed = this.#timer !== null && !this.#timing && this.#batches++ % TIMED_EVERY === 0;
    try {
      if (timed) this.#timing = true;
      const { result, times } = await lane.run(batch, use, timed ? this.#timer : null);
      if (timed) this.onTimes(times);
      return result;
    } finally {
      if (timed) this.#timing = false;
      this.#give(lane);
    }
  }

  /** Gives back what batches needed; the device and what stands on it stay. */
  release(): void {
    for (const lane of this.#lanes) lane.dispose();
    this.#timer?.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pass.device[Symbol.asyncDispose]();
  }

  async #take(): Promise<FusedLane> {
    if (this.#underWay++ === 0) this.#busySince = performance.now();
    const lane = this.#free.pop();
    return lane ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
  }

  #give(lane: FusedLane): void {
    if (--this.#underWay === 0) this.#busyMs += performance.now() - this.#busySince;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(lane);
    else next(lane);
  }
}
