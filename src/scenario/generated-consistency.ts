import { HarnessError } from "../errors.ts";
import { generatedItems } from "../retrieval/generated/generated-items.ts";
import { caught } from "./caught.ts";
import type { Mistake } from "./mistake.ts";
import type { GeneratedSpec, Scenario, SystemSpec } from "./schema.ts";
import type { ScenarioSource } from "./scenario-source.ts";
import { soundVariants } from "./variants.ts";

type Sections = Partial<Pick<Scenario, "dataset" | "model" | "systems" | "updates">>;

/**
 * What a generated catalogue cannot be asked for: its items are in no file, so only a system that
 * computes them for itself can search them, or one that has nothing to do with them.
 */
export function generatedMistakes(source: ScenarioSource, sections: Sections): Mistake[] {
  const { dataset, model, systems, updates } = sections;
  if (dataset?.kind !== "generated") return [];
  const mistakes = [
    ...caught(source, ["dataset"], () => generatedItems({ ...dataset, seed: 0 })),
    ...Object.entries(systems ?? {}).flatMap(([name, spec]) =>
      caught(source, ["systems", name], () => requireMaker(spec, dataset)),
    ),
  ];
  if (updates !== undefined) {
    const text = "the catalogue is generated, and stays as it is; use another kind of dataset";
    mistakes.push(source.mistake(["updates"], text, "key"));
  }
  if (model?.overarch === "mlp") {
    const text = "over generated items an OverArch is mol or none, came mlp";
    mistakes.push(source.mistake(["model", "overarch"], text));
  }
  return mistakes;
}

/** @throws HarnessError BAD_INPUT if the system, or a variant of it, cannot make the items. */
function requireMaker(spec: SystemSpec, { clusters }: GeneratedSpec): void {
  if (spec.kind === "mesh") {
    throw wrong("a mesh reads its items from files, and those of this dataset are generated");
  }
  if (spec.kind !== "index-as-model") return;
  for (const { label, settings } of soundVariants(spec)) {
    const which = label === "" ? "" : ` (in the variant ${label})`;
    if (settings.engine !== "fused") {
      throw wrong(
        `only engine: fused makes generated items, on its device; came ${settings.engine}${which}`,
      );
    }
    if (settings.nlist !== "auto" && settings.nlist !== clusters) {
      throw wrong(
        `generated items lie in dataset.clusters = ${clusters} clusters, came nlist: ${settings.nlist}${which}`,
      );
    }
    if (settings.eligibility === "folded") {
      throw wrong(`eligibility: folded is for engine: onnx${which}`);
    }
  }
}

const wrong = (message: string): HarnessError => new HarnessError("BAD_INPUT", message);
