import { availableParallelism } from "node:os";
import { endService } from "../../src/process/service-main.ts";
import { bindFormula } from "../../src/retrieval/formula/bind.ts";
import { withMatched } from "../../src/retrieval/formula/matched.ts";
import { createModel } from "../../src/retrieval/model.ts";
import { DatasetReader } from "../dataset-reader.ts";
import type { MeshConfig } from "../mesh-config.ts";
import type { FeatureService } from "../services.ts";
import { overQuantities } from "./item-formula.ts";
import { OverArchEngine } from "./over-arch-engine.ts";
import { Ranker } from "./ranker.ts";

/** The ranker service of a mesh, from what was built for it; null where a model needs none. */
export async function openRanker(
  { datasetFolder, folders, settings, model: spec }: MeshConfig,
  items: Pick<FeatureService, "items">,
): Promise<Ranker | null> {
  const reader = await DatasetReader.open(datasetFolder);
  const { dim, userDim, denseDim } = reader.manifest;
  const model = createModel(spec, { dim, userDim, denseDim });
  if (model.scoreOnly) return null;
  const { tasks, overArch } = model;
  const columns = withMatched(await reader.columns(), model.formula);
  const bound = bindFormula(model.formula, { tasks, columns });
  const engine =
    overArch === null
      ? null
      : await OverArchEngine.open({
          folder: folders.overArch!,
          overArch,
          dim,
          threads: availableParallelism(),
          onDied: endService,
        });
  const formula = overQuantities(bound);
  const { itemCache } = settings.ranker;
  return new Ranker({ items, engine, formula, tasks: tasks.length, itemCache });
}
