import type { GeneratedItems } from "../../../src/retrieval/generated/generated-items.ts";
import { DEFAULT_MOL, tasksOf, type MolSpec } from "../../../src/retrieval/model-spec.ts";
import type { Artifact } from "../../compile/artifact.ts";
import type { WeightsReader } from "../../compile/weights-reader.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid, type BoundKernel } from "../../device/kernel.ts";
import { PlainRecorder, type Recorder } from "../../device/passes.ts";
import {
  generatedGroups,
  generatedVectorsKernel,
} from "../../kernels/generated/generated-codes.ts";
import { componentGroups, itemComponentsKernel } from "../../kernels/generated/item-components.ts";
import type { DenseLayerShape } from "../../kernels/ranking/dense-layer.ts";
import type { ItemRecord, RecordPart } from "../../kernels/ranking/item-record.ts";
import { packRecordsKernel } from "../../kernels/ranking/pack-records.ts";
import { uniformOf } from "../fused/device-index.ts";
import { boundStep, denseStep } from "./dense-step.ts";
import type { RecordChunk } from "./load-records.ts";
import { besides, readLayers, stacked, type StoredLayer, WeightsPack } from "./weights-pack.ts";

/** Items whose records are made at once: some 200 MB on their way. */
const STRETCH = 1 << 17;
/** Stretches that are submitted before the device is waited for. */
const AHEAD = 16;

export interface CacheOptions {
  readonly artifact: Artifact;
  readonly items: GeneratedItems;
  readonly record: ItemRecord;
}

/** What turns a stretch of rows into their part of the embedding cache. */
interface CacheParts {
  readonly spec: MolSpec;
  readonly dim: number;
  /** First row and rows of the stretch, as the kernels that make numbers read it. */
  readonly extent: GPUBuffer;
  /** uint32 [rows] for the layers. */
  readonly rows: GPUBuffer;
  /** Components of the stretch. */
  readonly componentCount: GPUBuffer;
  readonly vectors: BoundKernel;
  readonly layers: readonly ((recorder: Recorder, rows: number) => void)[];
  readonly normalise: BoundKernel;
  /** Of each part of the record, what it is packed from, and how. */
  readonly packed: readonly { readonly numbers: GPUBuffer; readonly code: string }[];
  readonly own: readonly GPUBuffer[];
}

/** Makes the embedding cache of a mixture of logits, a stretch of items at a time. */
export class CacheMaker {
  readonly #device: GpuDevice;
  readonly #parts: CacheParts;

  private constructor(device: GpuDevice, parts: CacheParts) {
    this.#device = device;
    this.#parts = parts;
  }

  static async open(
    device: GpuDevice,
    reader: WeightsReader,
    { artifact, items, record }: CacheOptions,
  ): Promise<CacheMaker> {
    const { model } = artifact.manifest;
    const spec = model.mol ?? DEFAULT_MOL;
    const tasks = tasksOf(model).length;
    const [components] = await readLayers(reader, "overarch.item", 1);
    const gates: StoredLayer[] = [];
    for (let task = 0; task < tasks; task++) {
      gates.push(...(await readLayers(reader, `overarch.gate.${task}.item`, 1)));
    }
    const rows = Math.min(STRETCH, items.items);
    const pairs = spec.userGroups * spec.itemGroups;
    const buffers = {
      vectors: device.buffer("generate.vectors", rows * items.dim * 4),
      components: device.buffer("generate.components", rows * spec.itemGroups * spec.dim * 4),
      gates: device.buffer("generate.gates", rows * tasks * pairs * 4),
      rows: device.buffer("generate.rows", 4),
      extent: uniformOf(device, [0, 0]),
      count: uniformOf(device, [0]),
    };
    const pack = new WeightsPack();
    const steps = [
      { layer: components!, target: buffers.components },
      { layer: beside(gates), target: buffers.gates },
    ].map(({ layer, target }) => ({ shape: layerShape(layer, pack), target }));
    const weights = device.bufferOf("generate.weights", pack.toArray());
    const layers = await Promise.all(
      steps.map(async ({ shape, target }) => {
        const step = await denseStep(device, "generate-layer", shape);
        return boundStep(device, step, {
          params: buffers.rows,
          weights,
          source: buffers.vectors,
          target,
        });
      }),
    );
    const vectors = await compileKernel(device, "generate-vectors", generatedVectorsKernel(items));
    const normalise = await compileKernel(device, "normalise", itemComponentsKernel(spec.dim));
    const code = (part: RecordPart): string =>
      packRecordsKernel(part, { recordWords: record.words, byPlace: false });
    return new CacheMaker(device, {
      spec,
      dim: items.dim,
      extent: buffers.extent,
      rows: buffers.rows,
      componentCount: buffers.count,
      vectors: bind(device, vectors, [buffers.vectors, buffers.extent]),
      layers,
      normalise: bind(device, normalise, [buffers.components, buffers.count]),
      packed: [
        { numbers: buffers.components, code: code(record.parts[0]!) },
        { numbers: buffers.gates, code: code(record.parts[1]!) },
      ],
      own: [...Object.values(buffers), weights],
    });
  }

  async fill(chunks: readonly RecordChunk[]): Promise<void> {
    const device = this.#device;
    const { packed } = this.#parts;
    const kernels = await Promise.all(
      packed.map(({ code }) => compileKernel(device, "generate-pack", code)),
    );
    const noRows = device.buffer("generate.noRows", 4);
    const params = device.buffer("generate.params", 16);
    const packs = chunks.map(({ buffer }) =>
      packed.map(({ numbers }, at) =>
        bind(device, kernels[at]!, [params, numbers, noRows, buffer]),
      ),
    );
    let submitted = 0;
    for (const [at, chunk] of chunks.entries()) {
      const end = chunk.firstRow + chunk.rows;
      for (let first = chunk.firstRow; first < end; first += STRETCH) {
        const rows = Math.min(STRETCH, end - first);
        device.queue.writeBuffer(
          params,
          0,
          Uint32Array.of(first, rows, chunk.firstRow, chunk.rows),
        );
        this.#stretch(first, rows, packs[at]!);
        if (++submitted % AHEAD === 0) await device.settle(device.queue.onSubmittedWorkDone());
      }
    }
    await device.settle(device.queue.onSubmittedWorkDone());
    device.check();
    for (const buffer of [noRows, params]) device.release(buffer);
  }

  dispose(): void {
    for (const buffer of this.#parts.own) this.#device.release(buffer);
  }

  #stretch(first: number, rows: number, packs: readonly BoundKernel[]): void {
    const {
      extent,
      rows: rowCount,
      componentCount,
      spec,
      dim,
      vectors,
      layers,
      normalise,
    } = this.#parts;
    const { queue } = this.#device;
    const components = rows * spec.itemGroups;
    queue.writeBuffer(extent, 0, Uint32Array.of(first, rows, 0, 0));
    queue.writeBuffer(rowCount, 0, Uint32Array.of(rows));
    queue.writeBuffer(componentCount, 0, Uint32Array.of(components, 0, 0, 0));
    this.#device.submit("generate-records", (encoder) => {
      const recorder = new PlainRecorder(encoder);
      recorder.run(vectors, linearGrid(generatedGroups((rows * dim) / 4)));
      for (const layer of layers) layer(recorder, rows);
      recorder.run(normalise, linearGrid(componentGroups(components)));
      for (const pack of packs) recorder.run(pack, linearGrid(rows));
      recorder.end();
    });
  }
}

/** Layers over the same inputs as one. */
function beside(layers: readonly StoredLayer[]): StoredLayer {
  const { inDim } = layers[0]!;
  return {
    inDim,
    outDim: layers.reduce((sum, { outDim }) => sum + outDim, 0),
    weights: besides(
      layers.map(({ weights }) => weights),
      inDim,
    ),
    bias: stacked(layers.map(({ bias }) => bias)),
  };
}

/** A layer without ReLU over rows that lie one after the other. */
function layerShape(
  { inDim, outDim, weights, bias }: StoredLayer,
  pack: WeightsPack,
): DenseLayerShape {
  return {
    inDim,
    outDim,
    weightsAt: pack.add(weights),
    biasAt: pack.add(bias),
    reluFrom: outDim,
    layers: 1,
    source: { stride: inDim, at: 0 },
    target: { stride: outDim, at: 0 },
  };
}
