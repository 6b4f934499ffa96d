import type { OnProgress } from "../../src/dataset/dataset.ts";
import type { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import type { EmbeddingCache } from "../../src/retrieval/over-arch/embedding-cache.ts";
import type { MlpOverArch } from "../../src/retrieval/over-arch/mlp.ts";
import type { MolOverArch } from "../../src/retrieval/over-arch/mol.ts";
import type { OverArch } from "../../src/retrieval/over-arch/over-arch.ts";
import type { MlpWeights } from "../graph/mlp.ts";
import type { MolWeights } from "../graph/mol.ts";
import type { OverArchWeights } from "../graph/over-arch.ts";
import { graphCacheMaker } from "./graph-cache.ts";
import type { KeptRows } from "./kept-items.ts";
import { addLayers, inOrder } from "./layer-weights.ts";
import { columnsInOrder, pairOrder, rowsInOrder } from "./pair-order.ts";

export interface OverArchParts {
  readonly catalogue: Catalogue;
  /** What is not computed anew; null: nothing. */
  readonly kept: KeptRows | null;
  readonly onProgress: OnProgress;
}

/** Tensors of the embedding cache, with a row an item. */
const COMPONENTS = "overarch.items.components";
const GATES = "overarch.items.gates";
const HIDDEN = "overarch.items.hidden";

/** Writes an OverArch and its embedding cache into the weights file. */
export function addOverArch(
  file: WeightsFile,
  overArch: OverArch,
  parts: OverArchParts,
): Promise<OverArchWeights> {
  return overArch.kind === "mol" ? addMol(file, overArch, parts) : addMlp(file, overArch, parts);
}

async function addMol(
  file: WeightsFile,
  mol: MolOverArch,
  parts: OverArchParts,
): Promise<MolWeights> {
  const { userGroups, itemGroups, dim, temperature } = mol;
  const { count } = parts.catalogue;
  const order = pairOrder(userGroups, itemGroups);
  const gateWidth = mol.tasks * order.length;
  const itemGates = new Float32Array(count * gateWidth);
  let filled = 0;
  async function* components(): AsyncGenerator<Float32Array> {
    for await (const chunk of cacheChunks(mol, parts)) {
      if (chunk.kind !== "mol") continue;
      itemGates.set(chunk.gates, filled);
      filled += chunk.gates.length;
      yield chunk.components;
    }
  }
  const itemComponents = await file.add(
    COMPONENTS,
    "float32",
    [count, itemGroups * dim],
    components(),
  );
  const [userComponents] = await addLayers(file, "overarch.user", [mol.userComponents]);
  return {
    kind: "mol",
    userGroups,
    itemGroups,
    dim,
    temperature,
    userComponents: userComponents!,
    itemComponents,
    itemGates: await file.add(GATES, "float32", [count, gateWidth], itemGates),
    gates: await addGates(file, mol),
  };
}

function addGates(file: WeightsFile, mol: MolOverArch): Promise<MolWeights["gates"]> {
  const order = pairOrder(mol.userGroups, mol.itemGroups);
  return inOrder(mol.gates, async ({ user, cross }, task) => ({
    user: await addLayers(file, `overarch.gate.${task}.user`, lastInOrder(user, order)),
    cross: await addLayers(file, `overarch.gate.${task}.cross`, [
      { ...cross[0]!, weights: rowsInOrder(cross[0]!.weights, order) },
      ...lastInOrder(cross.slice(1), order),
    ]),
  }));
}

/** Writes a mixture without its embedding cache, but with the layers that make it of an item. */
export async function addMolLayers(file: WeightsFile, mol: MolOverArch): Promise<void> {
  const order = pairOrder(mol.userGroups, mol.itemGroups);
  await addLayers(file, "overarch.user", [mol.userComponents]);
  await addGates(file, mol);
  await addLayers(file, "overarch.item", [mol.itemComponents]);
  for (const [task, { item }] of mol.gates.entries()) {
    await addLayers(file, `overarch.gate.${task}.item`, lastInOrder([item], order));
  }
}

type Layers = MolOverArch["gates"][number]["user"];

/** Layers whose last one has an output a pair. */
function lastInOrder(layers: Layers, order: Uint32Array): Layers {
  return layers.map((layer, at) =>
    at < layers.length - 1
      ? layer
      : {
          ...layer,
          weights: columnsInOrder(layer.weights, order),
          bias: columnsInOrder(layer.bias, order),
        },
  );
}

async function addMlp(
  file: WeightsFile,
  mlp: MlpOverArch,
  parts: OverArchParts,
): Promise<MlpWeights> {
  const { first, userDim, heads, tasks } = mlp;
  const { width } = first;
  async function* hidden(): AsyncGenerator<Float32Array> {
    for await (const chunk of cacheChunks(mlp, parts)) {
      if (chunk.kind === "mlp") yield chunk.hidden;
    }
  }
  const ofUser = { weights: first.user, bias: first.bias, inDim: userDim, outDim: width };
  const [user] = await addLayers(file, "overarch.user", [{ ...ofUser, relu: false }]);
  return {
    kind: "mlp",
    tasks,
    user: user!,
    itemHidden: await file.add(HIDDEN, "float32", [parts.catalogue.count, width], hidden()),
    products: await file.add("overarch.products", "float32", [heads, width], first.products),
    rest: await addLayers(file, "overarch.rest", mlp.rest),
  };
}

/** Items whose cache is computed at a time. */
const CHUNK_ITEMS = 4096;

async function* cacheChunks(
  overArch: OverArch,
  { catalogue, kept, onProgress }: OverArchParts,
): AsyncGenerator<EmbeddingCache> {
  const make = graphCacheMaker(overArch);
  const known = kept?.count ?? 0;
  for (let from = 0, to = 0; from < catalogue.count; from = to) {
    onProgress("computing the embedding cache", from / catalogue.count);
    to = Math.min(from + CHUNK_ITEMS, from < known ? known : catalogue.count);
    yield from < known
      ? await keptCache(overArch.kind, (name) => kept!.read(name, from, to))
      : make(catalogue, from, to);
  }
}

async function keptCache(
  kind: OverArch["kind"],
  read: (name: string) => Promise<Float32Array>,
): Promise<EmbeddingCache> {
  if (kind === "mlp") return { kind, hidden: await read(HIDDEN) };
  return { kind, components: await read(COMPONENTS), gates: await read(GATES) };
}
