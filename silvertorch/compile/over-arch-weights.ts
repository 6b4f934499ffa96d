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
import { addLayers, inOrder } from "./layer-weights.ts";
import { columnsInOrder, pairOrder, rowsInOrder } from "./pair-order.ts";

export interface OverArchParts {
  readonly catalogue: Catalogue;
  readonly onProgress: OnProgress;
}

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
  function* components(): Generator<Float32Array> {
    for (const chunk of cacheChunks(mol, parts)) {
      if (chunk.kind !== "mol") continue;
      itemGates.set(chunk.gates, filled);
      filled += chunk.gates.length;
      yield chunk.components;
    }
  }
  const itemComponents = await file.add(
    "overarch.items.components",
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
    itemGates: await file.add("overarch.items.gates", "float32", [count, gateWidth], itemGates),
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
  function* hidden(): Generator<Float32Array> {
    for (const chunk of cacheChunks(mlp, parts)) {
      if (chunk.kind === "mlp") yield chunk.hidden;
    }
  }
  const ofUser = { weights: first.user, bias: first.bias, inDim: userDim, outDim: width };
  const [user] = await addLayers(file, "overarch.user", [{ ...ofUser, relu: false }]);
  return {
    kind: "mlp",
    tasks,
    user: user!,
    itemHidden: await file.add(
      "overarch.items.hidden",
      "float32",
      [parts.catalogue.count, width],
      hidden(),
    ),
    products: await file.add("overarch.products", "float32", [heads, width], first.products),
    rest: await addLayers(file, "overarch.rest", mlp.rest),
  };
}

/** Items whose cache is computed at a time. */
const CHUNK_ITEMS = 4096;

function* cacheChunks(
  overArch: OverArch,
  { catalogue, onProgress }: OverArchParts,
): Generator<EmbeddingCache> {
  const make = graphCacheMaker(overArch);
  for (let from = 0; from < catalogue.count; from += CHUNK_ITEMS) {
    onProgress("computing the embedding cache", from / catalogue.count);
    yield make(catalogue, from, Math.min(from + CHUNK_ITEMS, catalogue.count));
  }
}
