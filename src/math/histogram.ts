import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram as Hdr,
} from "hdr-histogram-js";

/**
 * A histogram of non-negative integers in constant memory, within 0.1% of each value
 * (HdrHistogram, 3 significant digits). Times go in as microseconds; values above an hour are
 * held at an hour.
 */
export class Histogram {
  readonly #hdr: Hdr;

  private constructor(hdr: Hdr) {
    this.#hdr = hdr;
  }

  static create(): Histogram {
    return new Histogram(
      build({
        bitBucketSize: 64,
        autoResize: false,
        lowestDiscernibleValue: 1,
        highestTrackableValue: MAX_VALUE,
        numberOfSignificantValueDigits: 3,
      }),
    );
  }

  /** @param text HdrHistogram V2, compressed, base64: what `encode` wrote. */
  static decode(text: string): Histogram {
    return new Histogram(decodeFromCompressedBase64(text, 64, false));
  }

  encode(): string {
    return encodeIntoCompressedBase64(this.#hdr);
  }

  /** Records a time in milliseconds, rounded to a microsecond. */
  recordMs(ms: number): void {
    this.record(ms * 1000);
  }

  record(value: number): void {
    this.#hdr.recordValue(Math.min(MAX_VALUE, Math.max(0, Math.round(value))));
  }

  add(other: Histogram): void {
    this.#hdr.add(other.#hdr);
  }

  /** Takes away an earlier state of the same histogram, leaving what came since. */
  subtract(earlier: Histogram): void {
    this.#hdr.subtract(earlier.#hdr);
  }

  get count(): number {
    return this.#hdr.totalCount;
  }

  get mean(): number {
    return this.count === 0 ? NaN : this.#hdr.mean;
  }

  get max(): number {
    return this.count === 0 ? NaN : this.#hdr.maxValue;
  }

  /** Sum of all values, from the mean of each bucket. */
  get sum(): number {
    return this.count === 0 ? 0 : this.#hdr.mean * this.count;
  }

  /** @param share 0..1; NaN where nothing was recorded. */
  quantile(share: number): number {
    return this.count === 0 ? NaN : this.#hdr.getValueAtPercentile(share * 100);
  }
}

const MAX_VALUE = 3_600_000_000;
