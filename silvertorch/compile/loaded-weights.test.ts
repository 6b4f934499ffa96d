import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { smallDataset, threeHeads } from "../dataset.fixture.ts";
import { exact, mixture, perceptron } from "../live/changes.fixture.ts";
import { compileArtifact } from "./compile.ts";
import { graphFile } from "./manifest.ts";

const bloom = { kind: "bloom", hashes: 2, width: { bits: 12 }, exact: true } as const;

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-loaded-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

type Graph = onnxProto.onnx.IGraphProto;

/** Nodes that could be computed when a graph is loaded, and the weights that would be copied for it. */
function computedOfWeights(
  graph: Graph,
  outer: ReadonlyMap<string, boolean> = new Map(),
): string[] {
  /** Names of what is known when the graph is loaded -> whether it is a weight, from a file. */
  const known = new Map(outer);
  for (const { name, externalData } of graph.initializer ?? []) {
    known.set(name!, (externalData ?? []).length > 0);
  }
  return (graph.node ?? []).flatMap(({ opType, input, output, attribute }) => {
    const inside = (attribute ?? []).flatMap(({ g }) => (g ? computedOfWeights(g, known) : []));
    const inputs = (input ?? []).filter((name) => name !== "");
    if (inputs.length === 0 || !inputs.every((name) => known.has(name))) return inside;
    for (const name of output ?? []) known.set(name, false);
    const weights = inputs.filter((name) => known.get(name));
    return [...inside, ...weights.map((name) => `${opType} of ${name}`)];
  });
}

test.for([
  ["a mixture of logits", mixture, exact],
  ["a perceptron in clusters", perceptron, { ...exact, clusters: 5 }],
  ["the score", threeHeads, exact],
  ["the score, in float16", threeHeads, { ...exact, precision: "float16" }],
  ["the score, in int8", threeHeads, { ...exact, precision: "int8" }],
  [
    "the score, filters folded into the product",
    threeHeads,
    { ...exact, eligibility: { kind: "folded" } },
  ],
  ["the score, filters by signatures", threeHeads, { ...exact, eligibility: bloom }],
] as const)(
  "no weight is copied for what could be computed when a graph is loaded: %s",
  async ([name, model, settings]) => {
    const folder = join(scratch, name);
    const dataset = smallDataset(5);
    await compileArtifact({ dataset, model, settings, threads: 1, folder, onProgress: () => {} });
    const found: Record<string, string[]> = {};
    for (const device of ["cpu", "cuda", "webgpu"]) {
      const bytes = await readFile(join(folder, graphFile(device)));
      found[device] = computedOfWeights(onnxProto.onnx.ModelProto.decode(bytes).graph!);
    }
    expect(found).toEqual({ cpu: [], cuda: [], webgpu: [] });
  },
);
