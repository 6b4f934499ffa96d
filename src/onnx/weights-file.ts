import { createHash, type Hash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { HarnessError } from "../errors.ts";
import { ELEMENT_TYPES, elementCount, type ElementType } from "./element-type.ts";

/** Where a tensor lies in a weights file. Plain JSON, so a manifest can hold it. */
export interface StoredTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Name of the weights file, beside the graph. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The same bytes under another shape of as many elements. */
export function viewOf(tensor: StoredTensor, dims: readonly number[]): StoredTensor {
  if (elementCount(dims) !== elementCount(tensor.dims)) {
    throw new HarnessError(
      "INTERNAL",
      `tensor ${tensor.name}: [${tensor.dims.join(", ")}] cannot be seen as [${dims.join(", ")}]`,
    );
  }
  return { ...tensor, name: `${tensor.name}[${dims.join(",")}]`, dims };
}

/**
 * One row of it, [1, ..dims after the first], where it lies. A graph that gathered it by a constant would
 * have ONNX Runtime copy the whole tensor each time it is loaded, to compute that beforehand.
 */
export function rowOf(tensor: StoredTensor, row: number): StoredTensor {
  const [rows = 1, ...dims] = tensor.dims;
  const bytes = tensor.bytes / rows;
  const offset = tensor.offset + row * bytes;
  return { ...tensor, name: `${tensor.name}[row ${row}]`, dims: [1, ...dims], offset, bytes };
}

/** What stands in the way of mapping a tensor straight from the file. */
const PAGE_BYTES = 4096;
const SMALL_ALIGN_BYTES = 64;
/** Bytes that are sent on to the disk together. */
const SENT_BYTES = 256 * 1024 * 1024;
/** Smaller pieces are gathered: each write is a round through another thread. */
const GATHERED_BYTES = 1024 * 1024;

/**
 * The one file in which all large tensors of one or more graphs lie (ONNX external data), so that
 * a graph file stays small and weights may pass protobuf's 2 GiB. Tensors are written in order,
 * each aligned to 64 bytes, or to a page if it is larger than one.
 */
export class WeightsFile implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #name: string;
  readonly #hash: Hash = createHash("sha256");
  readonly #tensors: StoredTensor[] = [];
  #size = 0;
  /** Bytes that are not written yet, of which the first are in use. */
  readonly #gathered = new Uint8Array(GATHERED_BYTES);
  #waiting = 0;
  /** Bytes written since others were last sent on to the disk, and that sending. */
  #unsent = 0;
  #sending: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, name: string) {
    this.#file = file;
    this.#name = name;
  }

  static async create(path: string): Promise<WeightsFile> {
    return new WeightsFile(await open(path, "wx"), basename(path));
  }

  get tensors(): readonly StoredTensor[] {
    return this.#tensors;
  }

  get bytes(): number {
    return this.#size;
  }

  /**
   * Appends a tensor from its bytes in row-major order, in one piece or many.
   * @throws HarnessError INTERNAL if the pieces do not add up to the shape, or the name is taken.
   */
  async add(
    name: string,
    type: ElementType,
    dims: readonly number[],
    pieces: ArrayBufferView | Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>,
  ): Promise<StoredTensor> {
    if (this.#tensors.some((tensor) => tensor.name === name)) {
      throw new HarnessError("INTERNAL", `the weights file already holds a tensor ${name}`);
    }
    const bytes = elementCount(dims) * ELEMENT_TYPES[type].bytes;
    await this.#pad(bytes > PAGE_BYTES ? PAGE_BYTES : SMALL_ALIGN_BYTES);
    const offset = this.#size;
    for await (const piece of ArrayBuffer.isView(pieces) ? [pieces] : pieces) {
      await this.#append(piece);
    }
    if (this.#size - offset !== bytes) {
      throw new HarnessError(
        "INTERNAL",
        `tensor ${name}: ${type}[${dims.join(", ")}] takes ${bytes} bytes, ${this.#size - offset} were written`,
      );
    }
    const tensor: StoredTensor = { name, type, dims, file: this.#name, offset, bytes };
    this.#tensors.push(tensor);
    return tensor;
  }

  /** Writes all that was added, so that a graph over it can be loaded before the end. */
  async flush(): Promise<void> {
    await this.#writeGathered();
  }

  /** Flushes to the disk. @returns sha256 of the whole file, hex. */
  async finish(): Promise<string> {
    await this.flush();
    await this.#sending;
    await this.#file.sync();
    return this.#hash.digest("hex");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #pad(alignment: number): Promise<void> {
    const missing = (alignment - (this.#size % alignment)) % alignment;
    if (missing > 0) await this.#append(new Uint8Array(missing));
  }

  async #append({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<void> {
    this.#size += byteLength;
    if (this.#waiting + byteLength > GATHERED_BYTES) await this.#writeGathered();
    if (byteLength < GATHERED_BYTES) {
      this.#gathered.set(new Uint8Array(buffer, byteOffset, byteLength), this.#waiting);
      this.#waiting += byteLength;
      return;
    }
    // One write(2) moves at most 2 GiB less a page, and Node 20 has no view of bytes beyond 4 GiB;
    // stay far below.
    const step = 64 * 1024 * 1024;
    for (let start = 0; start < byteLength; start += step) {
      const length = Math.min(step, byteLength - start);
      await this.#write(new Uint8Array(buffer, byteOffset + start, length));
    }
  }

  async #writeGathered(): Promise<void> {
    const part = this.#gathered.subarray(0, this.#waiting);
    this.#waiting = 0;
    await this.#write(part);
  }

  async #write(part: Uint8Array): Promise<void> {
    this.#hash.update(part);
    for (let written = 0; written < part.length;) {
      written += (await this.#file.write(part, written)).bytesWritten;
    }
    await this.#send(part.length);
  }

  /** Keeps the disk busy meanwhile, so that the end is not a long wait for gigabytes in memory. */
  async #send(bytes: number): Promise<void> {
    this.#unsent += bytes;
    if (this.#unsent < SENT_BYTES) return;
    await this.#sending;
    this.#unsent = 0;
    this.#sending = this.#file.datasync();
    // Awaited before the next; until then a rejection must not count as unhandled.
    this.#sending.catch(() => {});
  }
}
