import { GeneratedVectors } from "../../../src/retrieval/generated/generated-vectors.ts";
import type { GeneratedItems } from "../../../src/retrieval/generated/generated-items.ts";
import type { Artifact } from "../../compile/artifact.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid } from "../../device/kernel.ts";
import { PlainRecorder } from "../../device/passes.ts";
import { distinctOf } from "../../eligibility/attribute-index.ts";
import { cellColumns } from "../../eligibility/cells.ts";
import { attributeTables } from "../../kernels/generated/attribute-text.ts";
import {
  cellGroups,
  generatedBitmapsKernel,
  generatedCellsKernel,
} from "../../kernels/generated/generated-bitmaps.ts";
import {
  generatedCodesKernel,
  generatedGroups,
  generatedScalesKernel,
} from "../../kernels/generated/generated-codes.ts";
import { clusterWords, codeVectors, type SearchShape } from "../../kernels/search/search-shape.ts";
import { readColumns } from "../request-reader.ts";
import { indexParts, uniformOf, type DeviceIndex, type IndexPart } from "./device-index.ts";

/**
 * Makes the index of generated items on the device: codes, scales, bitmaps and cells follow from
 * their rows, so that nothing but the centroids goes up. Candidates are not scored again, for the
 * 8-bit codes are the items.
 *
 * @param bindingBytes what a kernel can bind of a buffer; absent: what the device says.
 * @throws HarnessError UNAVAILABLE if the device has too little memory.
 */
export async function generateIndex(
  device: GpuDevice,
  artifact: Artifact,
  items: GeneratedItems,
  bindingBytes?: number,
): Promise<DeviceIndex> {
  const { manifest } = artifact;
  const { columns, index } = await readColumns(artifact);
  const cells = cellColumns(
    columns,
    (at) => distinctOf(index, at),
    (at) => manifest.columns[at]!.cells,
  );
  const shape: SearchShape = {
    dim: items.dim,
    heads: manifest.model.heads,
    clusters: items.clusters,
    width: manifest.clusterWidth!,
    bitmapRows: manifest.bitmapRows,
    cells: manifest.checked ? wholeVectors(cells.reduce((sum, { cells: own }) => sum + own, 0)) : 0,
    hasPositions: false,
  };
  const parts = indexParts(device, shape, bindingBytes);
  const scales = device.buffer("index.scales", items.items * 4);
  const rows = device.buffer("index.rows", items.items * 4);
  const maker = new IndexMaker(device, shape);
  await maker.run(generatedScalesKernel(items), [scales, rows], generatedGroups(items.items));
  await maker.codes(parts, generatedCodesKernel(items));
  const tables = device.bufferOf("index.tables", attributeTables());
  await maker.bitmaps(parts, generatedBitmapsKernel(items, shape, index), tables);
  if (shape.cells > 0) {
    await maker.cells(parts, generatedCellsKernel(items, shape.cells, cells), tables);
  }
  device.release(tables);
  return {
    shape,
    items: items.items,
    parts,
    scales,
    rows,
    positions: null,
    centroids: device.bufferOf("index.centroids", centroidsOf(items)),
    spread: null,
    vectors: [],
  };
}

/** So many cells that a row of them is read four at a time. */
const wholeVectors = (cells: number): number => 4 * Math.ceil(cells / 4);

class IndexMaker {
  readonly #device: GpuDevice;
  readonly #shape: SearchShape;

  constructor(device: GpuDevice, shape: SearchShape) {
    this.#device = device;
    this.#shape = shape;
  }

  async codes(parts: readonly IndexPart[], code: string): Promise<void> {
    const { width } = this.#shape;
    const words = codeVectors(this.#shape) * 4;
    for (const { codes, firstCluster, clusters } of parts) {
      const extent = [firstCluster * width, clusters * width];
      await this.run(code, [codes], generatedGroups(clusters * width * words), extent);
    }
  }

  async bitmaps(parts: readonly IndexPart[], code: string, tables: GPUBuffer): Promise<void> {
    const words = clusterWords(this.#shape);
    for (const { bitmaps, firstCluster, clusters } of parts) {
      await this.run(code, [tables, bitmaps], clusters * words, [firstCluster, clusters]);
    }
  }

  async cells(parts: readonly IndexPart[], code: string, tables: GPUBuffer): Promise<void> {
    const { width } = this.#shape;
    for (const { cells, firstCluster, clusters } of parts) {
      const extent = [firstCluster * width, clusters * width];
      await this.run(code, [tables, cells!], cellGroups(clusters * width), extent);
    }
  }

  /**
   * Runs a kernel once, and waits.
   * @param extent its last binding, if it has one.
   */
  async run(
    code: string,
    buffers: readonly GPUBuffer[],
    groups: number,
    extent?: readonly number[],
  ): Promise<void> {
    const device = this.#device;
    const kernel = await compileKernel(device, "generate", code);
    const uniforms = extent === undefined ? [] : [uniformOf(device, extent)];
    const bound = bind(device, kernel, [...buffers, ...uniforms]);
    device.submit("generate", (encoder) => {
      const recorder = new PlainRecorder(encoder);
      recorder.run(bound, linearGrid(groups));
      recorder.end();
    });
    await device.settle(device.queue.onSubmittedWorkDone());
    device.check();
    for (const uniform of uniforms) device.release(uniform);
  }
}

/** float32 [clusters, dim] */
function centroidsOf(items: GeneratedItems): Float32Array<ArrayBuffer> {
  const { clusters, dim } = items;
  const vectors = new GeneratedVectors(items);
  const centroids = new Float32Array(clusters * dim);
  for (let cluster = 0; cluster < clusters; cluster++) {
    centroids.set(vectors.centroid(cluster), cluster * dim);
  }
  return centroids;
}
