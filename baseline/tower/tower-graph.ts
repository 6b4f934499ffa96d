import { join } from "node:path";
import { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { RetrievalModel } from "../../src/retrieval/model.ts";
import { GraphWriter } from "../graph-writer.ts";

const TOWER_GRAPH = "tower";

/** Where a user tower's graph lies. */
export const towerFile = (folder: string): string => join(folder, `${TOWER_GRAPH}.onnx`);

/**
 * Writes the user tower into an existing, empty folder: features float32 [users, userDim] ->
 * vectors float32 [users, heads * dim].
 */
export async function writeTower(
  folder: string,
  { layers, userDim, heads, dim }: Pick<RetrievalModel, "layers" | "userDim" | "heads" | "dim">,
): Promise<void> {
  await using weights = await WeightsFile.create(join(folder, "tower.data"));
  const writer = new GraphWriter(TOWER_GRAPH, weights);
  const features = writer.graph.input("features", "float32", ["users", userDim]);
  const vectors = await writer.dense("tower", features, layers);
  writer.graph.output("vectors", vectors, "float32", ["users", heads * dim]);
  await writer.save(folder);
  await weights.finish();
}
