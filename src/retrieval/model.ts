import { HarnessError } from "../errors.ts";
import { Random } from "../math/random.ts";
import { DenseStack, gaussianLayers, type DenseLayer } from "./dense-layer.ts";
import { isName } from "./filter/scanner.ts";
import type { Formula } from "./formula/grammar.ts";
import { parseFormula } from "./formula/parse.ts";
import { MAX_TASKS, tasksOf, type ModelSpec } from "./model-spec.ts";
import { createOverArch, type OverArch } from "./over-arch/over-arch.ts";

/** The retrieval model with its weights: what both systems and the oracle compute. */
export interface RetrievalModel {
  readonly heads: number;
  /** Dimensions of an item, and so of each head's query vector. */
  readonly dim: number;
  /** Dimensions of a user's features. */
  readonly userDim: number;
  /** K0: candidates kept a head. */
  readonly candidates: number;
  /** The user tower; empty: the features are the query vector. */
  readonly layers: readonly DenseLayer[];
  /** Names of the tasks, in the order of the OverArch's logits; empty where there is none. */
  readonly tasks: readonly string[];
  /** The learned similarity of the candidates; null where there is none. */
  readonly overArch: OverArch | null;
  /** The Value Model, not yet bound to a catalogue: see `bindFormula`. */
  readonly formula: Formula;
  /**
   * True where an item's value is its score and nothing else. Then the K0 cut changes nothing
   * (k <= K0) and the k best by inner product are the answer.
   */
  readonly scoreOnly: boolean;
  /**
   * Length of the query vectors that a request may bring instead of a user: heads x dim; 0 where
   * it may not, because an OverArch needs the user's features.
   */
  readonly queryDim: number;
  /**
   * The query vectors of a user: [heads x dim], head after head, computed in float64 from the
   * float32 weights.
   *
   * @throws HarnessError BAD_INPUT where the features are not `userDim` finite numbers.
   */
  queryVectors(features: Float32Array): Float64Array;
}

/** Dimensions of a dataset that a model's weights depend on. */
export interface ModelDims {
  /** Of a user's features. */
  readonly userDim: number;
  /** Of an item's embedding. */
  readonly dim: number;
  /** Of an item's dense features, which an OverArch reads beside the embedding; 0: it has none. */
  readonly denseDim: number;
}

/**
 * The model of a spec for a dataset's dimensions. The same spec gives the same weights
 * everywhere: Gaussian over sqrt(fan-in), biases 0, ReLU after every layer but the last.
 *
 * @throws HarnessError BAD_INPUT where an identity tower has several heads or unlike dimensions,
 *   where a task's name cannot stand in a formula, or where the formula cannot be read.
 */
export function createModel(spec: ModelSpec, dims: ModelDims): RetrievalModel {
  const { heads, candidates } = spec;
  const { userDim, dim, denseDim } = dims;
  const random = new Random(spec.seed);
  const widths = spec.tower.kind === "mlp" ? [userDim, ...spec.tower.hidden, heads * dim] : [];
  const layers = gaussianLayers(widths, random, "tower");
  const tower = new DenseStack(layers);
  if (spec.tower.kind === "identity" && (heads !== 1 || userDim !== dim)) {
    throw new HarnessError(
      "BAD_INPUT",
      heads === 1
        ? `an identity tower needs users and items of the same dimensions, they have ${userDim} and ${dim}`
        : `an identity tower has one head, not ${heads}`,
      { where: "model.tower", hint: "use tower: {kind: mlp, hidden: [...]}" },
    );
  }
  const overArch = createOverArch(spec, { userDim, itemDim: dim + denseDim, heads }, random);
  const tasks = tasksOf(spec);
  requireTaskNames(tasks);
  const formula = parseFormula(spec.value);
  return {
    heads,
    dim,
    userDim,
    candidates,
    layers,
    tasks,
    overArch,
    formula,
    scoreOnly: overArch === null && formula.kind === "name" && formula.name === "score",
    queryDim: overArch === null ? heads * dim : 0,
    queryVectors(features) {
      requireFinite("user features", features, userDim);
      return Float64Array.from(tower.apply(Float64Array.from(features)));
    },
  };
}

/**
 * Checks that a formula can speak of each task.
 *
 * @throws HarnessError BAD_INPUT naming the task.
 */
export function requireTaskNames(tasks: readonly string[]): void {
  if (tasks.length > MAX_TASKS) {
    throw wrongTasks(`expected at most ${MAX_TASKS} tasks, came ${tasks.length}`);
  }
  for (const [position, task] of tasks.entries()) {
    if (!isName(task) || task === "score") {
      throw wrongTasks(
        `a task's name is letters, digits, _ and ., starts with no digit, and is not score, AND, OR, NOT or IN; came "${task}"`,
      );
    }
    if (tasks.indexOf(task) < position) throw wrongTasks(`the task "${task}" is named twice`);
  }
}

const wrongTasks = (message: string): HarnessError =>
  new HarnessError("BAD_INPUT", message, { where: "model.tasks" });

/** @throws HarnessError BAD_INPUT naming the field where `values` is not `length` finite numbers. */
export function requireFinite(field: string, values: Float32Array, length: number): void {
  if (values.length !== length) {
    throw new HarnessError(
      "BAD_INPUT",
      `${field}: expected ${length} numbers, got ${values.length}`,
      {
        where: field,
      },
    );
  }
  for (let at = 0; at < length; at++) {
    if (!Number.isFinite(values[at])) {
      throw new HarnessError(
        "BAD_INPUT",
        `${field}: expected finite numbers, got ${values[at]} at position ${at}`,
        { where: field },
      );
    }
  }
}
