import { join } from "node:path";
import type { Dataset } from "../../../src/dataset/dataset.ts";
import { Random } from "../../../src/math/random.ts";
import type { ModelSpec } from "../../../src/retrieval/model-spec.ts";
import { Artifact } from "../../compile/artifact.ts";
import { compileArtifact } from "../../compile/compile.ts";

/** Dimensions of the users and items of the benchmark. */
export const DIM = 128;
const ITEMS = 2048;
const USERS = 1024;

/** A small catalogue: the model's weights are real, and so are its answers. */
export function madeUpDataset(): Dataset {
  const random = new Random(7);
  const gaussians = (length: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length }, () => random.gaussian() / Math.sqrt(DIM));
  return {
    name: "made-up",
    hash: "made-up",
    folder: "",
    catalogue: {
      count: ITEMS,
      dim: DIM,
      embeddings: gaussians(ITEMS * DIM),
      ids: Float64Array.from({ length: ITEMS }, (_, row) => row),
      columns: [
        {
          kind: "categorical",
          name: "lang",
          vocabulary: ["en", "de", "fr"],
          offsets: Uint32Array.from({ length: ITEMS + 1 }, (_, row) => row),
          values: Uint32Array.from({ length: ITEMS }, () => random.int(3)),
        },
        {
          kind: "numeric",
          name: "age_days",
          values: Float32Array.from({ length: ITEMS }, () => random.int(30)),
        },
      ],
      dense: new Float32Array(0),
      denseDim: 0,
    },
    users: {
      count: USERS,
      dim: DIM,
      ids: Float64Array.from({ length: USERS }, (_, row) => row),
      features: gaussians(USERS * DIM),
    },
  };
}

/** Compiles it with a model into a folder. */
export async function madeUpArtifact(
  folder: string,
  dataset: Dataset,
  model: ModelSpec,
): Promise<Artifact> {
  const path = join(folder, `${model.overarch}-${model.tasks?.length ?? 0}`);
  await compileArtifact({
    dataset,
    model,
    settings: {
      precision: "int8",
      scale: "perItem",
      clusters: null,
      eligibility: { kind: "exact" },
    },
    folder: path,
    threads: 1,
    onProgress: () => {},
  });
  return await Artifact.open(path, { verify: false });
}
