import { join } from "node:path";
import { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { OverArch } from "../../src/retrieval/over-arch/over-arch.ts";
import { writeMlpItems, writeMlpLogits } from "./mlp-graphs.ts";
import { writeMolItems, writeMolLogits } from "./mol-graphs.ts";
import { GraphWriter } from "../graph-writer.ts";

/** The graphs of an OverArch in its folder. */
export const ITEMS_GRAPH = "items";
export const LOGITS_GRAPH = "logits";

/** Where a graph lies. */
export const graphFile = (folder: string, graph: string): string => join(folder, `${graph}.onnx`);

/** One of the parts of an item's side of an OverArch: an output of one graph, an input of the other. */
export interface SidePart {
  readonly name: string;
  readonly width: number;
}

/**
 * What the ranker keeps of an item, float32.
 * @param dim Dimensions of an item's embedding.
 */
export function sideParts(overArch: OverArch, dim: number): SidePart[] {
  if (overArch.kind === "mlp") {
    return [
      { name: "hidden", width: overArch.first.width },
      { name: "embedding", width: dim },
    ];
  }
  const { itemGroups, userGroups, tasks } = overArch;
  return [
    { name: "components", width: itemGroups * overArch.dim },
    { name: "gates", width: tasks * itemGroups * userGroups },
  ];
}

/** Writes an OverArch's graphs and weights into an existing, empty folder. */
export async function writeOverArch(
  folder: string,
  overArch: OverArch,
  dim: number,
): Promise<void> {
  await using weights = await WeightsFile.create(join(folder, "overarch.data"));
  const items = new GraphWriter(ITEMS_GRAPH, weights);
  const logits = new GraphWriter(LOGITS_GRAPH, weights);
  if (overArch.kind === "mol") {
    await writeMolItems(items, overArch);
    await writeMolLogits(logits, overArch);
  } else {
    await writeMlpItems(items, overArch, dim);
    await writeMlpLogits(logits, overArch, dim);
  }
  await items.save(folder);
  await logits.save(folder);
  await weights.finish();
}
