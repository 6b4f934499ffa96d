import type { Artifact } from "../../compile/artifact.ts";
import type { ArtifactManifest } from "../../compile/manifest.ts";
import { WeightsReader } from "../../compile/weights-reader.ts";
import { STORAGE, type GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, type BoundKernel, type Kernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import { givenVectorsKernel, userFeaturesKernel } from "../../kernels/ranking/user-inputs.ts";
import type {
  BatchExtent,
  LaneBuffers,
  LaneCapacity,
  PackedUsers,
  QueryLane,
  QueryStage,
} from "../fused/stages.ts";
import { boundStep, denseStep, type DenseStep } from "./dense-step.ts";
import { loadTable, type TableChunk } from "./load-table.ts";
import { readLayers, WeightsPack } from "./weights-pack.ts";

/** What of the stage stands on the device for all lanes. */
interface Parts {
  readonly userDim: number;
  /** heads x dim */
  readonly queryDim: number;
  readonly users: readonly TableChunk[];
  readonly weights: GPUBuffer;
  readonly tower: readonly DenseStep[];
  readonly takeFeatures: Kernel;
  readonly takeVectors: Kernel;
}

/**
 * Puts the user table and the user tower on the device.
 * @throws HarnessError DATA if the artifact is damaged, UNAVAILABLE if the device has no room.
 */
export async function openQueryStage(device: GpuDevice, artifact: Artifact): Promise<QueryStage> {
  await using reader = await WeightsReader.open(artifact);
  const { userDim, dim, model } = artifact.manifest;
  const queryDim = model.heads * dim;
  const pack = new WeightsPack();
  const tower = await openTower(device, reader, { manifest: artifact.manifest, pack });
  const parts: Parts = {
    userDim,
    queryDim,
    users: await loadTable(device, reader, "users"),
    weights: device.bufferOf("tower.weights", pack.toArray()),
    tower,
    takeFeatures: await compileKernel(device, "user-features", userFeaturesKernel(userDim)),
    takeVectors: await compileKernel(
      device,
      "given-vectors",
      givenVectorsKernel({ queryDim, identity: tower.length === 0 }),
    ),
  };
  return {
    lane: (buffers, capacity) => new TowerLane(device, parts, { buffers, capacity }),
  };
}

async function openTower(
  device: GpuDevice,
  reader: WeightsReader,
  { manifest, pack }: { readonly manifest: ArtifactManifest; readonly pack: WeightsPack },
): Promise<DenseStep[]> {
  const { tower } = manifest.model;
  const count = tower.kind === "identity" ? 0 : tower.hidden.length + 1;
  const steps: DenseStep[] = [];
  for (const [at, layer] of (await readLayers(reader, "tower", count)).entries()) {
    const { inDim, outDim, weights, bias } = layer;
    const shape = {
      inDim,
      outDim,
      weightsAt: pack.add(weights),
      biasAt: pack.add(bias),
      layers: 1,
      reluFrom: at < count - 1 ? 0 : outDim,
      source: { stride: inDim, at: 0 },
      target: { stride: outDim, at: 0 },
    };
    steps.push(await denseStep(device, `tower.${at}`, shape));
  }
  return steps;
}

interface LaneOptions {
  readonly buffers: LaneBuffers;
  readonly capacity: LaneCapacity;
}

class TowerLane implements QueryLane {
  readonly features: GPUBuffer;
  readonly #device: GpuDevice;
  readonly #own: GPUBuffer[] = [];
  readonly #params: GPUBuffer;
  /** What it holds. */
  #requests = 0;
  readonly #users: GPUBuffer;
  readonly #given: GPUBuffer;
  readonly #takeFeatures: readonly BoundKernel[];
  readonly #layers: readonly ReturnType<typeof boundStep>[];
  readonly #takeVectors: BoundKernel;

  constructor(device: GpuDevice, parts: Parts, { buffers, capacity: { requests } }: LaneOptions) {
    const { userDim, queryDim, weights, tower } = parts;
    this.#device = device;
    this.#params = this.#buffer("query.params", 1);
    this.#users = this.#buffer("query.users", 2 * requests);
    this.#given = this.#buffer("query.given", requests * Math.max(userDim, queryDim));
    this.features = this.#buffer("query.features", requests * userDim);
    this.#takeFeatures = parts.users.map(({ rows, buffer }) =>
      bind(device, parts.takeFeatures, [this.#users, rows, buffer, this.#given, this.features]),
    );
    let source = this.features;
    this.#layers = tower.map((step, at) => {
      const target =
        at === tower.length - 1
          ? buffers.queries
          : this.#buffer(`query.hidden.${at}`, requests * step.shape.outDim);
      const bound = boundStep(device, step, { params: this.#params, weights, source, target });
      source = target;
      return bound;
    });
    this.#takeVectors = bind(device, parts.takeVectors, [
      this.#users,
      this.#given,
      this.features,
      buffers.queries,
    ]);
  }

  upload({ users, given }: PackedUsers, { requests }: BatchExtent): void {
    const { queue } = this.#device;
    if (requests !== this.#requests) queue.writeBuffer(this.#params, 0, Uint32Array.of(requests));
    this.#requests = requests;
    queue.writeBuffer(this.#users, 0, users);
    if (given.length > 0) queue.writeBuffer(this.#given, 0, given);
  }

  record(recorder: Recorder, { requests }: BatchExtent): void {
    recorder.stage("fused.tower");
    for (const bound of this.#takeFeatures) recorder.run(bound, [requests]);
    for (const layer of this.#layers) layer(recorder, requests);
    recorder.run(this.#takeVectors, [requests]);
  }

  dispose(): void {
    for (const buffer of this.#own) this.#device.release(buffer);
  }

  #buffer(label: string, words: number): GPUBuffer {
    const buffer = this.#device.buffer(label, 4 * words, STORAGE);
    this.#own.push(buffer);
    return buffer;
  }
}
