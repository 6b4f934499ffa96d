import type { GpuDevice } from "../../device/gpu-device.ts";

interface Held {
  readonly record: (encoder: GPUCommandEncoder) => void;
  readonly submitted: () => void;
}

/** So many batches under way keep the device busy while another one's copies are held. */
const ENOUGH_UNDER_WAY = 2;

/**
 * Copies of answers that are recorded with the batch after, behind its first kernels: a queue's
 * copies and kernels overlap only where no barrier lies between, and the next batch's upload brings
 * one. Where no batch follows in time they are submitted by themselves.
 */
export class HeldCopies {
  readonly #device: GpuDevice;
  #held: Held | null = null;
  /** Batches whose copies were submitted, and whose answers are not yet there. */
  #underWay = 0;

  constructor(device: GpuDevice) {
    this.#device = device;
  }

  /** Holds a batch's copies, unless little else is under way. Resolves once they are submitted. */
  add(record: (encoder: GPUCommandEncoder) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#held = { record, submitted: resolve };
      this.#submitIfIdle();
    });
  }

  /** Records the copies that are held. Returns what is to be called once they are submitted. */
  take(encoder: GPUCommandEncoder): () => void {
    const held = this.#held;
    this.#held = null;
    held?.record(encoder);
    return () => {
      if (held !== null) this.#tell(held);
    };
  }

  /** The answers of a batch are there. */
  arrived(): void {
    this.#underWay--;
    // The batch that follows may be submitted first.
    setImmediate(() => {
      try {
        this.#submitIfIdle();
      } catch {
        // Whoever waits for the answers is told what happened to the device.
      }
    });
  }

  #submitIfIdle(): void {
    const held = this.#held;
    if (held === null || this.#underWay >= ENOUGH_UNDER_WAY) return;
    this.#held = null;
    this.#device.submit("answers", held.record);
    this.#tell(held);
  }

  #tell({ submitted }: Held): void {
    this.#underWay++;
    submitted();
  }
}
