/** Writes words (32 bits) one after the other into a buffer that has just the room. */
export class WordWriter {
  readonly buffer: ArrayBuffer;
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;
  #at = 0;

  constructor(words: number) {
    this.buffer = new ArrayBuffer(words * 4);
    this.#words = new Uint32Array(this.buffer);
    this.#floats = new Float32Array(this.buffer);
  }

  number(value: number): void {
    this.#words[this.#at++] = value;
  }

  numbers(values: Uint32Array): void {
    this.#words.set(values, this.#at);
    this.#at += values.length;
  }

  floats(values: Float32Array): void {
    this.#floats.set(values, this.#at);
    this.#at += values.length;
  }

  /** Takes `wordsOf` these. */
  bytes(values: Uint8Array): void {
    new Uint8Array(this.buffer, this.#at * 4).set(values);
    this.#at += wordsOf(values);
  }
}

/** Words that bytes take, the last of them padded. */
export const wordsOf = ({ byteLength }: Uint8Array): number => Math.ceil(byteLength / 4);

/** Reads in the order in which it was written. What it gives are views of the buffer. */
export class WordReader {
  readonly #buffer: ArrayBuffer;
  readonly #words: Uint32Array;
  #at = 0;

  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
    this.#words = new Uint32Array(buffer);
  }

  number(): number {
    return this.#words[this.#at++]!;
  }

  numbers(length: number): Uint32Array {
    return new Uint32Array(this.#buffer, this.#pass(length), length);
  }

  floats(length: number): Float32Array {
    return new Float32Array(this.#buffer, this.#pass(length), length);
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#pass(Math.ceil(length / 4)), length);
  }

  /** @returns the byte at which words lie that it moves on over. */
  #pass(words: number): number {
    const start = this.#at * 4;
    this.#at += words;
    return start;
  }
}
