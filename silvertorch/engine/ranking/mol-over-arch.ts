import { HarnessError } from "../../../src/errors.ts";
import { DEFAULT_MOL, tasksOf, type MolSpec } from "../../../src/retrieval/model-spec.ts";
import { bind, compileKernel, type BoundKernel, type Kernel } from "../../device/kernel.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import type { Recorder } from "../../device/passes.ts";
import type { ValuesShape } from "../../kernels/ranking/candidate-values.ts";
import type { CachePrecision } from "../../kernels/ranking/item-record.ts";
import {
  MAX_PAIRS,
  molTile,
  pairQuads,
  userSideQuads,
  type CrossGate,
  type MolTiling,
} from "../../kernels/ranking/mol-shape.ts";
import { molValuesKernel } from "../../kernels/ranking/mol-values.ts";
import { componentQuads, userComponentsKernel } from "../../kernels/ranking/user-components.ts";
import { boundStep, denseStep, type DenseStep } from "./dense-step.ts";
import type {
  DeviceOverArch,
  OverArchLane,
  OverArchLaneOptions,
  OverArchParts,
} from "./over-arch.ts";
import { besides, readLayers, stacked, widened, type StoredLayer } from "./weights-pack.ts";

/** Up to so many vectors of pairs a thread has registers for two candidates. */
const TWO_UP_TO_QUADS = 8;
/** What fills up a gate: of no weight beside any other. */
const NO_WEIGHT = -1e30;

/** What is the same for all lanes. */
interface UserSide {
  readonly spec: MolSpec;
  readonly tasks: number;
  /** Components and, behind them, the hidden units of every task's gate. */
  readonly first: DenseStep;
  /** From those hidden units to the gates. */
  readonly second: DenseStep;
  readonly components: Kernel;
}

/**
 * A mixture of logits on the device: the user's side in three small kernels a batch, the
 * candidates' in one.
 *
 * @throws HarnessError BAD_INPUT if it has more pairs of components than a thread can hold.
 */
export async function openMol(
  parts: OverArchParts,
  settings: { readonly precision: CachePrecision; readonly tiling?: MolTiling | undefined },
): Promise<DeviceOverArch> {
  const { device, manifest, pack, reader } = parts;
  const spec = manifest.model.mol ?? DEFAULT_MOL;
  const tasks = tasksOf(manifest.model).length;
  const pairs = spec.userGroups * spec.itemGroups;
  requireFew(spec);
  const [components] = await readLayers(reader, "overarch.user", 1);
  const gates = await inTasks(tasks, async (task) => ({
    user: await readLayers(reader, `overarch.gate.${task}.user`, 2),
    cross: await readLayers(reader, `overarch.gate.${task}.cross`, 2),
  }));
  const user = await openUserSide(parts, { spec, components: components!, gates });
  const cross = gates.map((gate): CrossGate => crossGate(pack, gate.cross, pairs));
  return {
    chunksAtOnce: 3,
    parts: [
      {
        tensor: "overarch.items.components",
        byPlace: false,
        interleaved: true,
        groups: spec.itemGroups,
        length: spec.dim,
        precision: settings.precision,
      },
      {
        tensor: "overarch.items.gates",
        byPlace: false,
        interleaved: false,
        groups: tasks,
        length: pairs,
        precision: settings.precision,
      },
    ],
    async values(shape: ValuesShape) {
      const [ofComponents, ofGates] = shape.record.parts;
      const mol = {
        ...shape,
        ...spec,
        components: ofComponents!,
        gates: ofGates!,
        cross,
        tiling: settings.tiling ?? usualTiling(spec),
      };
      const kernel = await compileKernel(device, "mol-values", molValuesKernel(mol));
      return { kernel, tile: molTile(mol) };
    },
    lane: (options) => new MolLane(device, user, options),
  };
}

function requireFew({ userGroups, itemGroups }: MolSpec): void {
  if (userGroups * itemGroups <= MAX_PAIRS) return;
  throw new HarnessError(
    "BAD_INPUT",
    `the engine fused takes a mixture of at most ${MAX_PAIRS} pairs of components, this one has ${userGroups} x ${itemGroups}`,
    { where: "model.mol", hint: "use fewer groups, or the engine onnx" },
  );
}

const usualTiling = ({ userGroups, itemGroups }: MolSpec): MolTiling => ({
  threads: 64,
  perThread: pairQuads(userGroups * itemGroups) <= TWO_UP_TO_QUADS ? 2 : 1,
});

async function inTasks<T>(tasks: number, make: (task: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let task = 0; task < tasks; task++) all.push(await make(task));
  return all;
}

interface Gate {
  readonly user: readonly StoredLayer[];
  readonly cross: readonly StoredLayer[];
}

interface UserLayers {
  readonly spec: MolSpec;
  readonly components: StoredLayer;
  readonly gates: readonly Gate[];
}

async function openUserSide(
  { device, pack }: OverArchParts,
  { spec, components, gates }: UserLayers,
): Promise<UserSide> {
  const { userGroups, itemGroups, dim, gateHidden, temperature } = spec;
  const tasks = gates.length;
  const { inDim } = components;
  const firsts = [components, ...gates.map(({ user }) => user[0]!)];
  const width = userGroups * dim + tasks * gateHidden;
  const pairs = userGroups * itemGroups;
  const filled = 4 * pairQuads(pairs);
  const sideQuads = userSideQuads({ ...spec, tasks });
  const first = {
    inDim,
    outDim: width,
    weightsAt: pack.add(
      besides(
        firsts.map(({ weights }) => weights),
        inDim,
      ),
    ),
    biasAt: pack.add(stacked(firsts.map(({ bias }) => bias))),
    layers: 1,
    reluFrom: userGroups * dim,
    source: { stride: inDim, at: 0 },
    target: { stride: width, at: 0 },
  };
  // The gate's bias of both, for they are summed.
  const biases = gates.map(({ user, cross }) =>
    user[1]!.bias.map((bias, at) => bias + cross[1]!.bias[at]!),
  );
  const second = {
    inDim: gateHidden,
    outDim: filled,
    weightsAt: pack.add(stacked(gates.map(({ user }) => widened(user[1]!.weights, pairs, filled)))),
    biasAt: pack.add(stacked(biases.map((bias) => widened(bias, pairs, filled, NO_WEIGHT)))),
    layers: tasks,
    reluFrom: filled,
    source: { stride: width, at: userGroups * dim },
    target: { stride: 4 * sideQuads, at: 4 * componentQuads(dim) * userGroups },
  };
  return {
    spec,
    tasks,
    first: await denseStep(device, "mol-user", first),
    second: await denseStep(device, "mol-user-gates", second),
    components: await compileKernel(
      device,
      "mol-user-components",
      userComponentsKernel({
        userGroups,
        dim,
        stride: width,
        temperature,
        targetQuads: sideQuads,
      }),
    ),
  };
}

/** Lays a task's cross gate out hidden unit by hidden unit. */
function crossGate(
  pack: OverArchParts["pack"],
  [into, out]: readonly StoredLayer[],
  pairs: number,
): CrossGate {
  const hidden = into!.outDim;
  const width = 4 * pairQuads(pairs);
  const weights = new Float32Array(hidden * 2 * width);
  for (let unit = 0; unit < hidden; unit++) {
    const at = unit * 2 * width;
    for (let pair = 0; pair < pairs; pair++) {
      weights[at + pair] = into!.weights[pair * hidden + unit]!;
      weights[at + width + pair] = out!.weights[unit * pairs + pair]!;
    }
  }
  return { weightsAt: pack.add(weights) / 4, biasAt: pack.add(into!.bias) / 4 };
}

class MolLane implements OverArchLane {
  readonly bindings: readonly GPUBuffer[];
  readonly #device: GpuDevice;
  readonly #first: ReturnType<typeof boundStep>;
  readonly #second: ReturnType<typeof boundStep>;
  readonly #components: BoundKernel;
  readonly #own: readonly GPUBuffer[];

  constructor(
    device: GpuDevice,
    { spec, tasks, ...side }: UserSide,
    { features, requests, params, weights }: OverArchLaneOptions,
  ) {
    const hidden = device.buffer("mol.hidden", 4 * requests * side.first.shape.outDim);
    const sides = device.buffer("mol.users", 16 * requests * userSideQuads({ ...spec, tasks }));
    const shared = { params, weights };
    this.#device = device;
    this.#first = boundStep(device, side.first, { ...shared, source: features, target: hidden });
    this.#second = boundStep(device, side.second, { ...shared, source: hidden, target: sides });
    this.#components = bind(device, side.components, [hidden, sides]);
    this.#own = [hidden, sides];
    this.bindings = [sides, weights];
  }

  record(recorder: Recorder, requests: number): void {
    this.#first(recorder, requests);
    this.#second(recorder, requests);
    recorder.run(this.#components, [requests]);
  }

  dispose(): void {
    for (const buffer of this.#own) this.#device.release(buffer);
  }
}
