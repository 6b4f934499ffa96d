import { join } from "node:path";
import { atomicFolder } from "../../src/dataset/cache-folder.ts";
import { FIRST_GENERATED_ID } from "../../src/dataset/generated-catalogue.ts";
import { HarnessError } from "../../src/errors.ts";
import { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Users } from "../../src/retrieval/catalogue.ts";
import { bindFormula } from "../../src/retrieval/formula/bind.ts";
import { columnOutlines, valueShares } from "../../src/retrieval/generated/generated-columns.ts";
import { widthOf, type GeneratedItems } from "../../src/retrieval/generated/generated-items.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { createModel } from "../../src/retrieval/model.ts";
import { indexAttributes } from "../eligibility/attribute-index.ts";
import { addColumns, bloomOf, writeWhole } from "./compile.ts";
import { addLayers } from "./layer-weights.ts";
import {
  ARTIFACT_SCHEMA,
  MANIFEST_FILE,
  sealManifest,
  WEIGHTS_FILE,
  type ArtifactSettings,
  type ManifestFile,
} from "./manifest.ts";
import { addMolLayers } from "./over-arch-weights.ts";
import { addValueCounts, stepsOf } from "./value-counts.ts";

export interface GeneratedOptions {
  readonly dataset: { readonly name: string; readonly hash: string };
  readonly generated: GeneratedItems;
  readonly users: Users;
  readonly model: ModelSpec;
  readonly settings: ArtifactSettings;
  /** Made whole or not at all; one that is there is left alone. */
  readonly folder: string;
}

/**
 * The artifact of a dataset whose items are generated: the model's weights, the users, and how the
 * attributes lie in bitmaps; of the items only what they follow from. The engine makes codes,
 * bitmaps and embedding cache on its device, which is why there is no graph for any other engine.
 *
 * @throws HarnessError BAD_INPUT if model and settings are not for generated items.
 */
export async function compileGenerated(options: GeneratedOptions): Promise<void> {
  requireMakeable(options);
  await atomicFolder(options.folder, (temporary) => fill(temporary, options));
}

function requireMakeable({ generated, model, settings }: GeneratedOptions): void {
  const { precision, clusters, eligibility } = settings;
  const wrong = (message: string, where: string): HarnessError =>
    new HarnessError("BAD_INPUT", `generated items: ${message}`, { where });
  if (precision !== "int8") throw wrong(`they are 8-bit codes, came ${precision}`, "precision");
  if (clusters !== null && clusters !== "auto" && clusters !== generated.clusters) {
    throw wrong(`they lie in ${generated.clusters} clusters, came ${clusters}`, "nlist");
  }
  if (eligibility.kind === "folded") throw wrong("folding is for engine: onnx", "eligibility");
  if (model.overarch === "mlp") throw wrong("an OverArch is mol or none, came mlp", "overarch");
}

async function fill(folder: string, options: GeneratedOptions): Promise<void> {
  const { dataset, generated, users, model: spec, settings } = options;
  const { items, dim, clusters } = generated;
  const model = createModel(spec, { userDim: users.dim, dim, denseDim: 0 });
  const outlines = columnOutlines();
  // Tells what the formula speaks of that is not there.
  bindFormula(model.formula, { tasks: model.tasks, columns: outlines });
  await using file = await WeightsFile.create(join(folder, WEIGHTS_FILE));
  await file.add("users", "float32", [users.count, users.dim], users.features);
  await file.add("users.ids", "float64", [users.count], users.ids);
  await addLayers(file, "tower", model.layers);
  if (model.overArch?.kind === "mol") await addMolLayers(file, model.overArch);
  const index = indexAttributes(outlines, bloomOf(outlines, settings));
  const columns = await addColumns(file, outlines, index);
  await addValueCounts(file, generatedCounts(items));
  const files: ManifestFile[] = [
    { name: WEIGHTS_FILE, bytes: file.bytes, sha256: await file.finish() },
  ];
  const manifest = sealManifest({
    schema: ARTIFACT_SCHEMA,
    dataset,
    model: spec,
    settings,
    items,
    dim,
    users: users.count,
    userDim: users.dim,
    denseDim: 0,
    columns,
    bitmapRows: index.rows,
    signatures: index.signatures,
    folded: null,
    checked: settings.eligibility.kind === "bloom" && settings.eligibility.exact,
    scoreOnly: model.scoreOnly,
    clusters,
    clusterWidth: widthOf(generated),
    clusterSpread: null,
    generated: { items: generated, firstId: FIRST_GENERATED_ID },
    files,
    tensors: file.tensors,
  });
  await writeWhole(folder, MANIFEST_FILE, Buffer.from(manifest));
}

/** How many items are expected to hold each value: see value-counts.ts. */
const generatedCounts = (items: number): Uint32Array[] =>
  valueShares().map(({ kind, shares }) => {
    const held = shares.map((share) => share * items);
    return kind === "numeric" ? stepsOf(held) : Uint32Array.from(held, Math.round);
  });
