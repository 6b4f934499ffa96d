import type { WeightsReader } from "../../compile/weights-reader.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid, type Kernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { bindingOffset, UPLOAD_BYTES, type Uploads } from "../../device/uploads.ts";
import {
  placeBitmapsKernel,
  placeCellsKernel,
  placeCodesKernel,
  placeGroups,
} from "../../kernels/search/place-tables.ts";
import { codeVectors, type SearchShape } from "../../kernels/search/search-shape.ts";
import { stretches, uniformOf, type IndexPart, type VectorPart } from "./device-index.ts";
import { asWords, type Places, readRows, readScales } from "./places.ts";

/** Where kernels of a stretch write, and how much. */
interface Target {
  readonly buffers: readonly GPUBuffer[];
  /** The kernel's uniform. */
  readonly part: readonly number[];
  readonly threads: number;
}

/** Brings the tensors of an artifact's index to the device, a stretch of the file at a time. */
export class IndexLoader {
  readonly #device: GpuDevice;
  readonly #uploads: Uploads;
  readonly #places: Places;
  readonly #weights: WeightsReader;
  readonly #shape: SearchShape;

  constructor(
    device: GpuDevice,
    uploads: Uploads,
    places: Places & { readonly shape: SearchShape },
  ) {
    this.#device = device;
    this.#uploads = uploads;
    this.#places = places;
    this.#weights = places.weights;
    this.#shape = places.shape;
  }

  /** uint32 [positions]: whose they are. */
  async rows(): Promise<GPUBuffer> {
    return await this.#positions("index.rows", (first, into) =>
      readRows(this.#places, first, asWords(into)),
    );
  }

  /** float32 [positions]: what a code of 1 stands for. */
  async scales(): Promise<GPUBuffer> {
    return await this.#positions("index.scales", (first, into) =>
      readScales(this.#places, first, into),
    );
  }

  /** A tensor as it is. */
  async table(name: string, label: string): Promise<GPUBuffer> {
    const { bytes } = this.#weights.tensor(name);
    const buffer = this.#device.buffer(label, bytes);
    await this.#copy(name, { first: 0, bytes }, buffer);
    return buffer;
  }

  async codes(parts: readonly IndexPart[]): Promise<void> {
    const { dim, width, hasPositions } = this.#shape;
    const kernel = await compileKernel(this.#device, "place-codes", placeCodesKernel(this.#shape));
    const words = codeVectors(this.#shape) * 4;
    const each = Math.max(1, Math.floor(UPLOAD_BYTES / (dim * width)));
    for (const part of parts) {
      for (const [first, count] of stretches(part.clusters, each)) {
        // Stretches lie side by side in one block, clusters in a block each.
        const [length, blocks] = hasPositions ? [width, count] : [count * width, 1];
        const target = {
          buffers: [part.codes],
          part: [first * width, length, blocks],
          threads: (count * width * words) / 4,
        };
        await this.#uploads.place(
          count * dim * width,
          (into) => this.#readCodes(part.firstCluster + first, count, into),
          (recorder, source) => this.#run(recorder, kernel, [source], [target]),
        );
      }
    }
  }

  async bitmaps(parts: readonly IndexPart[]): Promise<void> {
    const { width, bitmapRows, hasPositions } = this.#shape;
    const rowWords = this.#weights.tensor("bitmaps").dims[1]!;
    const blockWords = hasPositions ? width / 64 : rowWords;
    const code = placeBitmapsKernel(this.#shape, { blockWords, rowWords });
    const kernel = await compileKernel(this.#device, "place-bitmaps", code);
    const rowBytes = rowWords * 8;
    const each = Math.max(1, Math.floor(UPLOAD_BYTES / rowBytes));
    for (const [first, count] of stretches(bitmapRows, each)) {
      const targets = parts.map(({ bitmaps, firstCluster, clusters }) => ({
        buffers: [bitmaps],
        part: [firstCluster, clusters, first, count],
        threads: (clusters * count * width) / 32,
      }));
      await this.#uploads.place(
        count * rowBytes,
        (into) => this.#weights.read("bitmaps", first * rowBytes, into),
        (recorder, source) => this.#run(recorder, kernel, [source], targets),
      );
    }
  }

  async cells(parts: readonly IndexPart[]): Promise<void> {
    const { cells, width } = this.#shape;
    const kernel = await compileKernel(this.#device, "place-cells", placeCellsKernel(this.#shape));
    const rowBytes = 4 * cells;
    const each = Math.floor(UPLOAD_BYTES / (rowBytes + 4));
    for (const [first, count] of stretches(this.#places.items, each)) {
      const targets = parts.map((part) => ({
        buffers: [part.cells!],
        part: [part.firstCluster * width, part.clusters * width, count],
        threads: count * cells,
      }));
      // Positions first, then the cells.
      const cellsAt = bindingOffset(4 * count);
      await this.#uploads.place(
        cellsAt + count * rowBytes,
        async (into) => {
          await this.#readPositions(first, into.subarray(0, 4 * count));
          await this.#weights.read("items.cells", first * rowBytes, into.subarray(cellsAt));
        },
        (recorder, source) => {
          const positions = { buffer: source, offset: 0, size: 4 * count };
          const numbers = { buffer: source, offset: cellsAt, size: count * rowBytes };
          return this.#run(recorder, kernel, [numbers, positions], targets);
        },
      );
    }
  }

  async vectors({ firstPosition, positions, items }: VectorPart): Promise<void> {
    const rowBytes = this.#shape.dim * 4;
    const { bytes } = this.#weights.tensor("items");
    const first = firstPosition * rowBytes;
    const wanted = Math.max(0, Math.min(positions * rowBytes, bytes - first));
    await this.#copy("items", { first, bytes: wanted }, items);
  }

  /** A word for each position, as `read` makes them. */
  async #positions(
    label: string,
    read: (first: number, into: Uint8Array<ArrayBuffer>) => Promise<void>,
  ): Promise<GPUBuffer> {
    const count = this.#shape.clusters * this.#shape.width;
    const buffer = this.#device.buffer(label, 4 * count);
    for (const [first, length] of stretches(count, UPLOAD_BYTES / 4)) {
      await this.#uploads.copy(4 * length, (into) => read(first, into), [buffer, 4 * first]);
    }
    return buffer;
  }

  /** Bytes of a tensor to the beginning of a buffer. */
  async #copy(
    name: string,
    { first, bytes }: { readonly first: number; readonly bytes: number },
    to: GPUBuffer,
  ): Promise<void> {
    for (const [word, words] of stretches(Math.ceil(bytes / 4), UPLOAD_BYTES / 4)) {
      const at = 4 * word;
      await this.#uploads.copy(
        Math.min(4 * words, bytes - at),
        (into) => this.#weights.read(name, first + at, into),
        [to, at],
      );
    }
  }

  /** Codes of neighbouring clusters: int8 [clusters, dim, width], or [dim, clusters x width]. */
  async #readCodes(first: number, count: number, into: Uint8Array<ArrayBuffer>): Promise<void> {
    const { dim, width, hasPositions } = this.#shape;
    if (hasPositions) {
      await this.#weights.read("clusters.codes", first * dim * width, into);
      return;
    }
    const padded = this.#weights.tensor("items.codes").dims[1]!;
    const length = Math.min(count * width, padded - first * width);
    if (length < count * width) into.fill(0);
    const reads = Array.from({ length: dim }, (_, d) => {
      const row = into.subarray(d * count * width, d * count * width + length);
      return this.#weights.read("items.codes", d * padded + first * width, row);
    });
    await Promise.all(reads);
  }

  /** Positions of neighbouring rows. */
  async #readPositions(first: number, into: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#shape.hasPositions) {
      await this.#weights.read("clusters.positions", 4 * first, into);
      return;
    }
    const positions = asWords(into);
    for (let row = 0; row < positions.length; row++) positions[row] = first + row;
  }

  /** Records a kernel for each target; what it needs for that is of no use afterwards. */
  #run(
    recorder: Recorder,
    kernel: Kernel,
    sources: readonly (GPUBuffer | GPUBufferBinding)[],
    targets: readonly Target[],
  ): GPUBuffer[] {
    return targets.map(({ buffers, part, threads }) => {
      const uniform = uniformOf(this.#device, part);
      const bound = bind(this.#device, kernel, [...sources, ...buffers, uniform]);
      recorder.run(bound, linearGrid(placeGroups(threads)));
      return uniform;
    });
  }
}
