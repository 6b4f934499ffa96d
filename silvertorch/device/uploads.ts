import { HarnessError } from "../../src/errors.ts";
import { STORAGE, type GpuDevice } from "./gpu-device.ts";
import { PlainRecorder, type Recorder } from "./passes.ts";
import { BUFFER_USAGE, MAP_MODE } from "./webgpu.ts";

/** Bytes of a stretch: large enough that a disk reads it at its full speed. */
export const UPLOAD_BYTES = 16 << 20;
const LEAST_BYTES = 64 << 10;
/** Stretches under way at once: while some are read, others are placed. */
const SLOTS = 4;

/** Writes a stretch where the device can read it: exactly as many bytes as were asked for. */
export type Fill = (into: Uint8Array<ArrayBuffer>) => Promise<void>;

/** Buffers that a stretch goes through. */
interface Slot {
  /** In the host's memory, and mapped while it is filled. */
  staged: GPUBuffer | null;
  /** On the device, for kernels; null as long as none was needed. */
  source: GPUBuffer | null;
}

/**
 * The way of large data from files to the device: stretches are read straight into memory that the
 * device copies from, several at a time, so that disk, copies and kernels overlap and the host
 * holds no more than these stretches.
 */
export class Uploads implements AsyncDisposable {
  readonly #device: GpuDevice;
  readonly #free: Slot[];
  readonly #waiting: ((slot: Slot) => void)[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #failure: HarnessError | null = null;

  constructor(device: GpuDevice) {
    this.#device = device;
    this.#free = Array.from({ length: SLOTS }, () => ({ staged: null, source: null }));
  }

  /**
   * Starts to bring bytes to a place in a buffer; waits while too many others are under way.
   * @param at a multiple of 4, as the buffer's size is.
   * @throws HarnessError of what went wrong with those before.
   */
  async copy(bytes: number, fill: Fill, [to, at]: readonly [GPUBuffer, number]): Promise<void> {
    await this.#start(async (slot) => {
      const staged = await this.#fill(slot, bytes, fill);
      this.#device.submit("upload", (encoder) =>
        encoder.copyBufferToBuffer(staged, 0, to, at, wholeWords(bytes)),
      );
    });
  }

  /**
   * Starts to bring bytes to the device for kernels that place them.
   * @param record records these kernels; the source is another's afterwards. It returns buffers
   *   that are given back then.
   * @throws HarnessError of what went wrong with those before.
   */
  async place(
    bytes: number,
    fill: Fill,
    record: (recorder: Recorder, source: GPUBuffer) => readonly GPUBuffer[],
  ): Promise<void> {
    await this.#start(async (slot) => {
      const staged = await this.#fill(slot, bytes, fill);
      const source = this.#roomy(slot, "source", bytes);
      let passing: readonly GPUBuffer[] = [];
      this.#device.submit("place", (encoder) => {
        encoder.copyBufferToBuffer(staged, 0, source, 0, wholeWords(bytes));
        const recorder = new PlainRecorder(encoder);
        passing = record(recorder, source);
        recorder.end();
      });
      for (const buffer of passing) this.#device.release(buffer);
    });
  }

  /**
   * Waits until all that was started is on the device.
   * @throws HarnessError of what went wrong.
   */
  async finish(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failure !== null) throw this.#failure;
    await this.#device.settle(this.#device.queue.onSubmittedWorkDone());
  }

  /** Gives its buffers back, once nothing reads into them any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#underWay);
    for (const { staged, source } of this.#free) {
      if (staged !== null) this.#device.release(staged);
      if (source !== null) this.#device.release(source);
    }
  }

  async #start(work: (slot: Slot) => Promise<void>): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const slot = this.#free.pop() ?? (await new Promise<Slot>((take) => this.#waiting.push(take)));
    const run = work(slot)
      .catch((thrown: unknown) => {
        this.#failure ??= HarnessError.from(thrown);
      })
      .finally(() => {
        this.#underWay.delete(run);
        const next = this.#waiting.shift();
        if (next === undefined) this.#free.push(slot);
        else next(slot);
      });
    this.#underWay.add(run);
  }

  /** Mapping waits until the device has copied what was in the buffer before. */
  async #fill(slot: Slot, bytes: number, fill: Fill): Promise<GPUBuffer> {
    const staged = this.#roomy(slot, "staged", bytes);
    const size = wholeWords(bytes);
    await this.#device.settle(staged.mapAsync(MAP_MODE.WRITE, 0, size));
    try {
      const mapped = new Uint8Array(staged.getMappedRange(0, size));
      mapped.fill(0, bytes);
      await fill(mapped.subarray(0, bytes));
    } finally {
      staged.unmap();
    }
    return staged;
  }

  /** A slot's buffer, large enough; by doubling, for what is small needs no large one. */
  #roomy(slot: Slot, kind: keyof Slot, bytes: number): GPUBuffer {
    const held = slot[kind];
    if (held !== null && held.size >= bytes) return held;
    if (held !== null) this.#device.release(held);
    const usage = kind === "staged" ? BUFFER_USAGE.MAP_WRITE | BUFFER_USAGE.COPY_SRC : STORAGE;
    const size = Math.max(LEAST_BYTES, 2 ** Math.ceil(Math.log2(bytes)));
    const made = this.#device.buffer(`upload.${kind}`, size, usage);
    slot[kind] = made;
    return made;
  }
}

/** Behind so many bytes, where a part of a stretch may be bound by itself. */
export const bindingOffset = (bytes: number): number => 256 * Math.ceil(bytes / 256);

const wholeWords = (bytes: number): number => 4 * Math.ceil(bytes / 4);
