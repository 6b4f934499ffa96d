import { Histogram } from "../math/histogram.ts";

/** Where the time of a system goes: one histogram (microseconds) a named stage. */
export class StageTimes {
  readonly #stages = new Map<string, Histogram>();

  /** Counts `ms` milliseconds for a stage, e.g. "index.search". */
  record(stage: string, ms: number): void {
    this.of(stage).recordMs(ms);
  }

  /** Runs `fn` and counts the time until its promise settles, whether it succeeds or not. */
  async time<T>(stage: string, fn: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    try {
      return await fn();
    } finally {
      this.record(stage, performance.now() - startMs);
    }
  }

  /** The histogram of a stage, made at first mention; hand it to whoever records by itself. */
  of(stage: string): Histogram {
    let histogram = this.#stages.get(stage);
    if (histogram === undefined) {
      histogram = Histogram.create();
      this.#stages.set(stage, histogram);
    }
    return histogram;
  }

  /** Name -> HdrHistogram (V2, base64), as the Stats call carries them. */
  encode(): Map<string, string> {
    return new Map([...this.#stages].map(([stage, histogram]) => [stage, histogram.encode()]));
  }
}
