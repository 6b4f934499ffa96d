import type { OnProgress } from "../../src/dataset/dataset.ts";
import type { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import { bindFormula } from "../../src/retrieval/formula/bind.ts";
import { withMatched } from "../../src/retrieval/formula/matched.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import type { RetrievalModel } from "../../src/retrieval/model.ts";
import type { RetrievalWeights } from "../graph/retrieval-graph.ts";
import { addFormulaColumns } from "./formula-columns.ts";
import { freshTables } from "./fresh-tables.ts";
import { type KeptItems, KeptRows } from "./kept-items.ts";
import { addOverArch } from "./over-arch-weights.ts";

interface RankingParts {
  /** What the model was made from. */
  readonly spec: ModelSpec;
  readonly catalogue: Catalogue;
  /** Items whose embedding cache is known; null: none. */
  readonly kept: KeptItems | null;
  readonly onProgress: OnProgress;
}

/**
 * Writes what ranks the candidates: OverArch, embedding cache, columns of the formula. null where
 * an item's value is its score.
 *
 * @throws HarnessError BAD_INPUT where the formula speaks of what is not there.
 */
export async function addRanking(
  file: WeightsFile,
  { tasks, overArch, formula, scoreOnly }: RetrievalModel,
  { spec, catalogue, kept, onProgress }: RankingParts,
): Promise<RetrievalWeights["ranking"]> {
  if (scoreOnly) return null;
  // Its matches are those of the fresh items' tables, one for one.
  const columns = withMatched(catalogue.columns, formula);
  const bound = bindFormula(formula, { tasks, columns });
  await using known = kept === null || overArch === null ? null : await KeptRows.open(kept);
  const cached = { catalogue, kept: known, onProgress };
  return {
    overArch: overArch === null ? null : await addOverArch(file, overArch, cached),
    value: { formula: bound, columns: await addFormulaColumns(file, bound, catalogue) },
    fresh: freshTables(spec, catalogue.columns),
  };
}
