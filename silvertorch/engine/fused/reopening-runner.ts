import type { DeviceStats } from "../../../src/door/stats.ts";
import { HarnessError } from "../../../src/errors.ts";
import type { FusedRunner } from "./fused-engine.ts";
import type { PackedAnswers } from "./answers.ts";
import type { PackedBatch } from "./pack-batch.ts";

/**
 * A runner that outlives its device: once a batch fails for more than itself (the device was lost,
 * its memory ran out, its thread died), the runner is closed and the next batch opens another. The
 * batches that were under way fail; nothing else does.
 */
export class ReopeningRunner implements FusedRunner {
  readonly #open: () => Promise<FusedRunner>;
  #current: FusedRunner;
  #opening: Promise<FusedRunner> | null = null;
  #closing: Promise<void> = Promise.resolve();
  #reopened = 0;

  private constructor(first: FusedRunner, open: () => Promise<FusedRunner>) {
    this.#current = first;
    this.#open = open;
  }

  /** @throws HarnessError as `open` does. */
  static async open(open: () => Promise<FusedRunner>): Promise<ReopeningRunner> {
    return new ReopeningRunner(await open(), open);
  }

  get clusters(): number {
    return this.#current.clusters;
  }

  get width(): number {
    return this.#current.width;
  }

  get lanes(): number {
    return this.#current.lanes;
  }

  get devices(): readonly DeviceStats[] {
    return this.#current.devices;
  }

  /** How often another one had to be opened. */
  get reopened(): number {
    return this.#reopened;
  }

  async run(batch: PackedBatch): Promise<PackedAnswers> {
    const runner = this.#opening === null ? this.#current : await this.#opening;
    try {
      return await runner.run(batch);
    } catch (thrown) {
      const error = HarnessError.from(thrown);
      if (error.code !== "BAD_INPUT") this.#replace(runner);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opening?.catch(() => {});
    await this.#closing;
    await this.#current[Symbol.asyncDispose]();
  }

  /** Opens another one, unless that was done already. */
  #replace(failed: FusedRunner): void {
    if (failed !== this.#current || this.#opening !== null) return;
    this.#closing = Promise.resolve(failed[Symbol.asyncDispose]()).catch(() => {});
    this.#opening = this.#reopen();
    // Whoever waits for it gets the error; where nobody does, nothing is lost.
    this.#opening.catch(() => {});
  }

  async #reopen(): Promise<FusedRunner> {
    try {
      await this.#closing;
      this.#current = await this.#open();
      this.#reopened++;
      return this.#current;
    } finally {
      // If it failed: the next batch fails on the one that is closed, and tries again.
      this.#opening = null;
    }
  }
}
