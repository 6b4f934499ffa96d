import { HarnessError } from "../../../src/errors.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid, type Kernel } from "../../device/kernel.ts";
import { PlainRecorder } from "../../device/passes.ts";
import type { Artifact } from "../../compile/artifact.ts";
import type { ArtifactManifest } from "../../compile/manifest.ts";
import { WeightsReader } from "../../compile/weights-reader.ts";
import {
  placeBitmapsKernel,
  placeCellsKernel,
  placeCodesKernel,
  placeGroups,
} from "../../kernels/search/place-tables.ts";
import { codeVectors, type SearchShape } from "../../kernels/search/search-shape.ts";
import {
  indexParts,
  stretches,
  uniformOf,
  vectorParts,
  type DeviceIndex,
  type IndexPart,
} from "./device-index.ts";
import { NO_ROW } from "./stages.ts";

/** Bytes on their way from the file to the device. */
const STAGING_BYTES = 64 << 20;
/** Positions of a stretch of an artifact without clusters. */
const STRETCH = 2048;

/**
 * Puts an artifact's index on the device: reads a stretch of the file at a time and has kernels
 * place it where the search wants it, so that the host never holds more than that stretch.
 *
 * @param bindingBytes what a kernel can bind of a buffer; absent: what the device says.
 * @throws HarnessError BAD_INPUT if the artifact's items are not 8-bit, DATA if it is damaged,
 *   UNAVAILABLE if the device has too little memory.
 */
export async function loadIndex(
  device: GpuDevice,
  artifact: Artifact,
  bindingBytes?: number,
): Promise<DeviceIndex> {
  requireCodes(artifact.manifest);
  await using weights = await WeightsReader.open(artifact);
  const shape = searchShape(artifact.manifest, weights);
  const loader = new IndexLoader(device, weights, artifact.manifest, shape);
  return await loader.load(bindingBytes);
}

function requireCodes({ settings }: ArtifactManifest): void {
  if (settings.precision === "int8") return;
  throw new HarnessError(
    "BAD_INPUT",
    `the engine fused scans 8-bit items; this artifact was compiled with precision ${settings.precision}`,
    { where: "precision", hint: "set precision: int8; the best are scored again in float32" },
  );
}

function searchShape(manifest: ArtifactManifest, weights: WeightsReader): SearchShape {
  const { items, dim, model, clusters, clusterWidth, bitmapRows, checked } = manifest;
  const padded = Math.ceil(items / 64) * 64;
  const width = clusterWidth ?? Math.min(STRETCH, padded);
  return {
    dim,
    heads: model.heads,
    clusters: clusters ?? Math.ceil(padded / width),
    width,
    bitmapRows,
    cells: checked ? weights.tensor("items.cells").dims[1]! : 0,
    hasPositions: clusters !== null,
  };
}

class IndexLoader {
  readonly #device: GpuDevice;
  readonly #weights: WeightsReader;
  readonly #manifest: ArtifactManifest;
  readonly #shape: SearchShape;
  readonly #clustered: boolean;

  constructor(
    device: GpuDevice,
    weights: WeightsReader,
    manifest: ArtifactManifest,
    shape: SearchShape,
  ) {
    this.#device = device;
    this.#weights = weights;
    this.#manifest = manifest;
    this.#shape = shape;
    this.#clustered = manifest.clusters !== null;
  }

  async load(bindingBytes?: number): Promise<DeviceIndex> {
    const shape = this.#shape;
    const parts = indexParts(this.#device, shape, bindingBytes);
    const vectors = vectorParts(this.#device, shape, bindingBytes);
    const rows = this.#rows(await this.#rowsOfPositions());
    const positions = this.#clustered
      ? await this.#table("clusters.positions", "index.positions")
      : null;
    const index: DeviceIndex = {
      shape,
      items: this.#manifest.items,
      parts,
      scales: await this.#scales(rows.host),
      rows: rows.buffer,
      positions,
      centroids: this.#clustered ? await this.#table("centroids", "index.centroids") : null,
      vectors,
    };
    await this.#placeCodes(parts);
    await this.#placeBitmaps(parts);
    if (shape.cells > 0) await this.#placeCells(parts);
    for (const part of vectors) await this.#placeVectors(part);
    return index;
  }

  get #positionCount(): number {
    return this.#shape.clusters * this.#shape.width;
  }

  async #rowsOfPositions(): Promise<Uint32Array<ArrayBuffer>> {
    const rows = new Uint32Array(this.#positionCount).fill(NO_ROW);
    if (!this.#clustered) {
      for (let row = 0; row < this.#manifest.items; row++) rows[row] = row;
      return rows;
    }
    await this.#weights.read("clusters.rows", 0, new Uint8Array(rows.buffer));
    const padding = new Float32Array(rows.length);
    await this.#weights.read("clusters.padding", 0, new Uint8Array(padding.buffer));
    for (let at = 0; at < rows.length; at++) if (padding[at] !== 0) rows[at] = NO_ROW;
    return rows;
  }

  #rows(host: Uint32Array<ArrayBuffer>): { host: Uint32Array; buffer: GPUBuffer } {
    return { host, buffer: this.#device.bufferOf("index.rows", host) };
  }

  async #scales(rows: Uint32Array): Promise<GPUBuffer> {
    const name = this.#clustered ? "clusters.scales" : "items.scales";
    const scales = new Float32Array(this.#positionCount);
    const { bytes } = this.#weights.tensor(name);
    await this.#weights.read(name, 0, new Uint8Array(scales.buffer, 0, bytes));
    for (let at = 0; at < scales.length; at++) if (rows[at] === NO_ROW) scales[at] = -1;
    return this.#device.bufferOf("index.scales", scales);
  }

  /** A tensor as it is. */
  async #table(name: string, label: string): Promise<GPUBuffer> {
    const { bytes } = this.#weights.tensor(name);
    const buffer = this.#device.buffer(label, bytes);
    await this.#copy(name, 0, buffer, bytes);
    return buffer;
  }

  /** Bytes of a tensor from `first` on to the beginning of a buffer. */
  async #copy(name: string, first: number, to: GPUBuffer, bytes: number): Promise<void> {
    for (const [at, length] of stretches(Math.ceil(bytes / 4), STAGING_BYTES / 4)) {
      const piece = new Uint8Array(length * 4);
      const wanted = Math.min(piece.length, bytes - at * 4);
      await this.#weights.read(name, first + at * 4, piece.subarray(0, wanted));
      this.#device.queue.writeBuffer(to, at * 4, piece);
      await this.#device.settle(this.#device.queue.onSubmittedWorkDone());
    }
  }

  /** Takes bytes up and has a kernel place them; waits, so that uploads do not pile up. */
  async #place(
    kernel: Kernel,
    source: Uint8Array<ArrayBuffer>,
    targets: readonly {
      readonly buffers: readonly GPUBuffer[];
      readonly part: readonly number[];
      readonly threads: number;
    }[],
  ): Promise<void> {
    const device = this.#device;
    const staging = device.bufferOf("index.staging", source);
    const uniforms = targets.map(({ part }) => uniformOf(device, part));
    device.submit("place", (encoder) => {
      const recorder = new PlainRecorder(encoder);
      for (const [at, { buffers, threads }] of targets.entries()) {
        const bound = bind(device, kernel, [staging, ...buffers, uniforms[at]!]);
        recorder.run(bound, linearGrid(placeGroups(threads)));
      }
      recorder.end();
    });
    await device.settle(device.queue.onSubmittedWorkDone());
    for (const buffer of [staging, ...uniforms]) device.release(buffer);
  }

  async #placeCodes(parts: readonly IndexPart[]): Promise<void> {
    const { dim, width } = this.#shape;
    const kernel = await compileKernel(this.#device, "place-codes", placeCodesKernel(this.#shape));
    const words = codeVectors(this.#shape) * 4;
    const each = Math.max(1, Math.floor(STAGING_BYTES / (dim * width)));
    for (const part of parts) {
      for (const [first, count] of stretches(part.clusters, each)) {
        const source = await this.#codes(part.firstCluster + first, count);
        // Stretches lie side by side in one block, clusters in a block each.
        const [length, blocks] = this.#clustered ? [width, count] : [count * width, 1];
        const extent = [first * width, length, blocks];
        const threads = count * width * words;
        await this.#place(kernel, source, [{ buffers: [part.codes], part: extent, threads }]);
      }
    }
  }

  /** Codes of neighbouring clusters: int8 [clusters, dim, width], or [dim, clusters x width]. */
  async #codes(first: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
    const { dim, width } = this.#shape;
    const source = new Uint8Array(count * dim * width);
    if (this.#clustered) {
      await this.#weights.read("clusters.codes", first * dim * width, source);
      return source;
    }
    const padded = this.#weights.tensor("items.codes").dims[1]!;
    const length = Math.min(count * width, padded - first * width);
    for (let d = 0; d < dim; d++) {
      const into = source.subarray(d * count * width, d * count * width + length);
      await this.#weights.read("items.codes", d * padded + first * width, into);
    }
    return source;
  }

  async #placeBitmaps(parts: readonly IndexPart[]): Promise<void> {
    const { width, bitmapRows } = this.#shape;
    const rowWords = this.#weights.tensor("bitmaps").dims[1]!;
    const blockWords = this.#clustered ? width / 64 : rowWords;
    const code = placeBitmapsKernel(this.#shape, { blockWords, rowWords });
    const kernel = await compileKernel(this.#device, "place-bitmaps", code);
    const each = Math.max(1, Math.floor(STAGING_BYTES / (rowWords * 8)));
    for (const [first, count] of stretches(bitmapRows, each)) {
      const source = new Uint8Array(count * rowWords * 8);
      await this.#weights.read("bitmaps", first * rowWords * 8, source);
      const targets = parts.map(({ bitmaps, firstCluster, clusters }) => ({
        buffers: [bitmaps],
        part: [firstCluster, clusters, first, count],
        threads: (clusters * count * width) / 32,
      }));
      await this.#place(kernel, source, targets);
    }
  }

  async #placeCells(parts: readonly IndexPart[]): Promise<void> {
    const { cells, width } = this.#shape;
    const kernel = await compileKernel(this.#device, "place-cells", placeCellsKernel(this.#shape));
    for (const [first, count] of stretches(this.#manifest.items, STAGING_BYTES / (cells * 4))) {
      const source = new Uint8Array(count * cells * 4);
      await this.#weights.read("items.cells", first * cells * 4, source);
      const places = this.#device.bufferOf("index.places", await this.#placesOf(first, count));
      const targets = parts.map((part) => ({
        buffers: [places, part.cells!],
        part: [part.firstCluster * width, part.clusters * width, count],
        threads: count * cells,
      }));
      await this.#place(kernel, source, targets);
      this.#device.release(places);
    }
  }

  /** Positions of neighbouring rows. */
  async #placesOf(first: number, count: number): Promise<Uint32Array<ArrayBuffer>> {
    const places = new Uint32Array(count);
    if (this.#clustered) {
      await this.#weights.read("clusters.positions", first * 4, new Uint8Array(places.buffer));
    } else {
      for (let row = 0; row < count; row++) places[row] = first + row;
    }
    return places;
  }

  async #placeVectors({
    firstPosition,
    positions,
    items,
  }: ReturnType<typeof vectorParts>[number]): Promise<void> {
    const rowBytes = this.#shape.dim * 4;
    const { bytes } = this.#weights.tensor("items");
    const first = firstPosition * rowBytes;
    await this.#copy(
      "items",
      first,
      items,
      Math.max(0, Math.min(positions * rowBytes, bytes - first)),
    );
  }
}
