import { HarnessError } from "../../../src/errors.ts";
import { DEFAULT_MLP } from "../../../src/retrieval/model-spec.ts";
import { compileKernel } from "../../device/kernel.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import type { Recorder } from "../../device/passes.ts";
import type { ValuesShape } from "../../kernels/ranking/candidate-values.ts";
import type { CachePrecision } from "../../kernels/ranking/item-record.ts";
import { mlpBytes, mlpValuesKernel, type MlpLayer } from "../../kernels/ranking/mlp-values.ts";
import { boundStep, denseStep, type DenseStep } from "./dense-step.ts";
import type {
  DeviceOverArch,
  OverArchLane,
  OverArchLaneOptions,
  OverArchPart,
  OverArchParts,
} from "./over-arch.ts";
import { readFloats, readLayers } from "./weights-pack.ts";

/** Workgroup memory that a tile is to take, so that several are at work on a processor. */
const USUAL_BYTES = 16 << 10;
const TILES = [32, 16, 8, 4];

/**
 * An MLP on the device.
 * @throws HarnessError BAD_INPUT if its layers are wider than the device's workgroup memory.
 */
export async function openMlp(
  { device, manifest, pack, reader }: OverArchParts,
  { precision }: { readonly precision: CachePrecision },
): Promise<DeviceOverArch> {
  const { model, dim, clusters } = manifest;
  const { heads } = model;
  const [user] = await readLayers(reader, "overarch.user", 1);
  const width = user!.outDim;
  const step = await denseStep(device, "mlp-user", {
    inDim: user!.inDim,
    outDim: width,
    weightsAt: pack.add(user!.weights),
    biasAt: pack.add(user!.bias),
    layers: 1,
    reluFrom: width,
    source: { stride: user!.inDim, at: 0 },
    target: { stride: width, at: 0 },
  });
  const productsAt = pack.add(await readFloats(reader, "overarch.products"));
  const count = (model.mlp ?? DEFAULT_MLP).hidden.length;
  const layers = (await readLayers(reader, "overarch.rest", count)).map(
    ({ weights, bias, ...dims }, at): MlpLayer => ({
      ...dims,
      weightsAt: pack.add(weights),
      biasAt: pack.add(bias),
      relu: at < count - 1,
    }),
  );
  const hidden = {
    tensor: "overarch.items.hidden",
    byPlace: false,
    interleaved: false,
    groups: 1,
    length: width,
    precision,
  };
  // The products are sums of many terms, and weigh on all tasks: their items stay whole.
  const embedding: OverArchPart = {
    tensor: "items",
    byPlace: clusters !== null,
    interleaved: false,
    groups: 1,
    length: dim,
    precision: "float32",
  };
  return {
    chunksAtOnce: 1,
    parts: heads === 1 ? [hidden] : [hidden, embedding],
    async values(shape: ValuesShape) {
      const [ofHidden, ofEmbedding] = shape.record.parts;
      const mlp = {
        ...shape,
        heads,
        dim,
        hidden: ofHidden!,
        embedding: ofEmbedding ?? null,
        productsAt,
        layers,
      };
      const tile = tileOf(device, (each) => mlpBytes({ ...mlp, tile: each }));
      const kernel = await compileKernel(device, "mlp-values", mlpValuesKernel({ ...mlp, tile }));
      return { kernel, tile };
    },
    lane: (options) => new MlpLane(device, step, options),
  };
}

function tileOf({ limits, adapter }: GpuDevice, bytes: (tile: number) => number): number {
  const most = limits.maxComputeWorkgroupStorageSize;
  const usual = TILES.find((tile) => bytes(tile) <= Math.min(USUAL_BYTES, most));
  if (usual !== undefined) return usual;
  const least = TILES.at(-1)!;
  if (bytes(least) <= most) return least;
  throw new HarnessError(
    "BAD_INPUT",
    `the OverArch's layers take ${bytes(least)} bytes of workgroup memory, ${adapter.device} has ${most}`,
    { where: "model.mlp.hidden", hint: "use narrower layers, or the engine onnx" },
  );
}

class MlpLane implements OverArchLane {
  readonly bindings: readonly GPUBuffer[];
  readonly #device: GpuDevice;
  readonly #hidden: GPUBuffer;
  readonly #user: ReturnType<typeof boundStep>;

  constructor(
    device: GpuDevice,
    step: DenseStep,
    { buffers, features, requests, params, weights }: OverArchLaneOptions,
  ) {
    this.#device = device;
    this.#hidden = device.buffer("mlp.user", 4 * requests * step.shape.outDim);
    this.#user = boundStep(device, step, {
      params,
      weights,
      source: features,
      target: this.#hidden,
    });
    this.bindings = [this.#hidden, buffers.queries, weights];
  }

  record(recorder: Recorder, requests: number): void {
    this.#user(recorder, requests);
  }

  dispose(): void {
    this.#device.release(this.#hidden);
  }
}
