import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { BoundFormula } from "../../src/retrieval/formula/bind.ts";
import { FLOAT32_MAX } from "../../src/retrieval/formula/evaluate.ts";
import { type Candidates, isNone, minusInfinity } from "./candidates.ts";
import { FormulaNodes, type FormulaColumns } from "./formula-nodes.ts";

/** A formula over the candidates, and the columns that it speaks of. */
export interface ValueModelWeights {
  readonly formula: BoundFormula;
  readonly columns: FormulaColumns;
}

/**
 * The value that each candidate is ranked by, as `rankingValue` has it: within the finite float32
 * range, what is not a number the least of it.
 *
 * @param logits float32 [batch, candidates] a task.
 * @returns float32 [batch, candidates]; -inf where there is no candidate.
 */
export function valueModel(
  graph: GraphBuilder,
  { formula, columns }: ValueModelWeights,
  { candidates, logits }: { readonly candidates: Candidates; readonly logits: readonly Value[] },
): Value {
  const { rows, scores } = candidates;
  const nodes = new FormulaNodes(graph, { rows, scores, logits, columns });
  const outcome = nodes.quantity(formula);
  const least = nodes.number(-FLOAT32_MAX);
  const clipped = graph.node("Min", [
    graph.node("Max", [outcome, least]),
    nodes.number(FLOAT32_MAX),
  ]);
  const value = graph.node("Where", [graph.node("IsNaN", [outcome]), least, clipped]);
  return graph.node("Where", [
    isNone(graph, scores),
    minusInfinity(graph),
    graph.cast(value, "float32"),
  ]);
}
