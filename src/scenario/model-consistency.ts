import { namedIn } from "../retrieval/formula/named.ts";
import { parseFormula } from "../retrieval/formula/parse.ts";
import { tasksOf } from "../retrieval/model-spec.ts";
import { requireTaskNames } from "../retrieval/model.ts";
import { caught } from "./caught.ts";
import type { Mistake } from "./mistake.ts";
import type { Scenario } from "./schema.ts";
import type { ScenarioSource } from "./scenario-source.ts";

/** What the model is compared with; undefined where it is not sound by itself. */
interface ModelSections extends Partial<Pick<Scenario, "model" | "dataset" | "requests">> {
  /** Text of the Value Model; null where it is no text. */
  readonly formula: string | null;
}

/** What of the model contradicts itself, the dataset or the requests. */
export function modelMistakes(
  source: ScenarioSource,
  { model, dataset, requests, formula }: ModelSections,
): Mistake[] {
  const mistakes =
    formula === null ? [] : caught(source, ["model", "value"], () => parseFormula(formula));
  if (model === undefined) return mistakes;
  mistakes.push(...rankingMistakes(source, model));
  if (model.tower.kind === "identity") {
    if (model.heads !== 1) {
      mistakes.push(
        source.mistake(
          ["model", "heads"],
          `an identity tower has 1 head, came ${model.heads}; state tower: { kind: mlp, hidden: [..] } for more`,
        ),
      );
    }
    if (dataset?.kind === "synthetic" && (dataset.userDim ?? dataset.dim) !== dataset.dim) {
      mistakes.push(
        source.mistake(
          ["dataset", "userDim"],
          `an identity tower needs userDim = dim = ${dataset.dim}, came ${dataset.userDim}; or state an mlp tower`,
        ),
      );
    }
  }
  if (requests !== undefined && requests.k > model.candidates) {
    mistakes.push(
      source.mistake(
        ["requests", "k"],
        `k must be at most model.candidates = ${model.candidates} (what a head keeps), came ${requests.k}`,
      ),
    );
  }
  return mistakes;
}

/** OverArch, tasks and Value Model among themselves; the formula's columns need the dataset. */
function rankingMistakes(source: ScenarioSource, model: Scenario["model"]): Mistake[] {
  const { overarch, value } = model;
  const tasks = tasksOf(model);
  const mistakes = caught(source, ["model", "tasks"], () => requireTaskNames(tasks));
  if (overarch === "none" && model.tasks !== undefined) {
    const text = "tasks are scored by an OverArch; state overarch: mlp or mol, or leave them out";
    mistakes.push(source.mistake(["model", "tasks"], text));
  }
  for (const kind of ["mol", "mlp"] as const) {
    if (model[kind] === undefined || overarch === kind) continue;
    const text = `says how large an OverArch ${kind} is, but overarch is ${overarch}`;
    mistakes.push(source.mistake(["model", kind], text, "key"));
  }
  if (overarch !== "none" && isIdle(value, tasks)) {
    const text = `${JSON.stringify(value)} speaks of no task, so the OverArch would change nothing; the tasks are ${tasks.join(", ")}`;
    mistakes.push(source.mistake(["model", "value"], text));
  }
  return mistakes;
}

/** Whether a formula that can be read speaks of no task. */
function isIdle(value: string, tasks: readonly string[]): boolean {
  try {
    const names = namedIn(parseFormula(value));
    return tasks.every((task) => !names.has(task));
  } catch {
    // The formula's own mistake is reported by itself.
    return false;
  }
}
