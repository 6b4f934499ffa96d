import type { OnProgress } from "../../src/dataset/dataset.ts";
import type { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import { bindFormula } from "../../src/retrieval/formula/bind.ts";
import type { RetrievalModel } from "../../src/retrieval/model.ts";
import type { RankingWeights } from "../graph/ranking.ts";
import { addFormulaColumns } from "./formula-columns.ts";
import { addOverArch } from "./over-arch-weights.ts";

/**
 * Writes what ranks the candidates: OverArch, embedding cache, columns of the formula. null where
 * an item's value is its score.
 *
 * @throws HarnessError BAD_INPUT where the formula speaks of what is not there.
 */
export async function addRanking(
  file: WeightsFile,
  { tasks, overArch, formula, scoreOnly }: RetrievalModel,
  { catalogue, onProgress }: { readonly catalogue: Catalogue; readonly onProgress: OnProgress },
): Promise<RankingWeights | null> {
  if (scoreOnly) return null;
  const bound = bindFormula(formula, { tasks, columns: catalogue.columns });
  return {
    overArch:
      overArch === null ? null : await addOverArch(file, overArch, { catalogue, onProgress }),
    value: { formula: bound, columns: await addFormulaColumns(file, bound, catalogue) },
  };
}
