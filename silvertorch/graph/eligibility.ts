import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { FOLD_FLAGS } from "../eligibility/plan-tensors.ts";

export interface EligibilityWeights {
  /** uint64 [rows, words]: the bitmap table (eligibility/bitmap-table.ts). */
  readonly bitmaps: StoredTensor;
  /** float32 [256, 8]: of each byte, 0 where a bit is set and -inf where it is not. */
  readonly penalties: StoredTensor;
}

/**
 * What to add to the scores so that only eligible items keep one: 0 or -inf an item.
 *
 * The filters come as programs (eligibility/plan-tensors.ts) for a machine of three registers that
 * a pair of Loops runs over bitmaps, a batch of different programs in step: the inner loop folds
 * literals into the term register, the outer one terms into the clause and clauses into the
 * result.
 *
 * Inputs: `plan_rows` int32 [steps, plans], `plan_literals` int8 [steps, 2, plans, 1],
 * `term_starts` and `term_lengths` int32 [terms], `plan_folds` int8 [terms, 6, plans, 1],
 * `plan_complements` int8 [plans, 1], `plan_of` int32 [batch].
 *
 * @returns writes the layer into a branch of the graph: float32 [batch, paddedItems].
 */
export function eligibility(
  graph: GraphBuilder,
  weights: EligibilityWeights,
): (branch: GraphBuilder) => Value {
  const planOf = graph.input("plan_of", "int32", ["batch"]);
  const program = programInputs(graph);
  return (branch) => {
    const bits = eligibleBits(branch, program, weights.bitmaps);
    return unpacked(branch, branch.node("Gather", [bits, planOf]), weights.penalties);
  };
}

interface Program {
  readonly rows: Value;
  readonly literals: Value;
  readonly termStarts: Value;
  readonly termLengths: Value;
  readonly folds: Value;
  readonly complements: Value;
}

function programInputs(graph: GraphBuilder): Program {
  return {
    rows: graph.input("plan_rows", "int32", ["steps", "plans"]),
    literals: graph.input("plan_literals", "int8", ["steps", 2, "plans", 1]),
    termStarts: graph.input("term_starts", "int32", ["terms"]),
    termLengths: graph.input("term_lengths", "int32", ["terms"]),
    folds: graph.input("plan_folds", "int8", ["terms", FOLD_FLAGS, "plans", 1]),
    complements: graph.input("plan_complements", "int8", ["plans", 1]),
  };
}

/** uint64 [plans, words]: the bitmap of each plan's eligible items. */
function eligibleBits(graph: GraphBuilder, program: Program, bitmaps: StoredTensor): Value {
  const words = bitmaps.dims[1]!;
  const shape = ["plans", words] as const;
  const planCount = graph.node("Shape", [program.complements], {
    attributes: { start: 0, end: 1 },
  });
  const everything = graph.node("Expand", [
    graph.constant("uint64", [1, 1], BigUint64Array.of(ALL_BITS)),
    graph.node("Concat", [planCount, graph.ints(words)], { attributes: { axis: 0 } }),
  ]);
  const literals = graph.cast(program.literals, "uint64");
  const folds = graph.cast(program.folds, "uint64");
  const starts = graph.cast(program.termStarts, "int64");
  const lengths = graph.cast(program.termLengths, "int64");
  const terms = graph.reshape(graph.node("Shape", [starts]));

  const body = graph.subgraph("term");
  const term = body.input("term", "int64", []);
  const goOn = body.input("go_on", "bool", []);
  const clause = body.input("clause", "uint64", shape);
  const result = body.input("result", "uint64", shape);
  const start = body.node("Gather", [starts, term]);
  const literalLoop = literalBody(body, { rows: program.rows, literals, start, bitmaps, shape });
  const chain = body.node("Loop", [body.node("Gather", [lengths, term]), goOn, everything], {
    attributes: { body: literalLoop },
  });
  const flags = pick(body, folds, term, FOLD_FLAGS);
  const [before, operand, outerBefore, outerOperand, clauseGoesOn, clauseEnds] =
    flags as Six<Value>;
  const clauseAfter = fold(body, clause, before, body.node("BitwiseXor", [chain, operand]));
  const clauseResult = body.node("BitwiseOr", [
    body.node("BitwiseXor", [clauseAfter, outerOperand]),
    clauseGoesOn,
  ]);
  body.output("go_on", goOn, "bool", []);
  body.output("clause", body.node("BitwiseOr", [clauseAfter, clauseEnds]), "uint64", shape);
  body.output("result", fold(body, result, outerBefore, clauseResult), "uint64", shape);

  const always = graph.constant("bool", [], Uint8Array.of(1));
  const loop = graph.nodes("Loop", [terms, always, everything, everything], 2, {
    attributes: { body },
  });
  const complemented = graph.node("BitwiseXor", [
    loop[1]!,
    graph.cast(program.complements, "uint64"),
  ]);
  // No complement may make the padding eligible: row 0 holds the items that there are.
  const items = graph.node("Gather", [graph.weight(bitmaps), graph.ints(0)]);
  return graph.node("BitwiseAnd", [complemented, items]);
}

type Six<T> = [T, T, T, T, T, T];

const ALL_BITS = 2n ** 64n - 1n;

interface LiteralLoop {
  readonly rows: Value;
  readonly literals: Value;
  /** Step at which the term begins. */
  readonly start: Value;
  readonly bitmaps: StoredTensor;
  readonly shape: readonly [string, number];
}

function literalBody(graph: GraphBuilder, loop: LiteralLoop): GraphBuilder {
  const body = graph.subgraph("literal");
  const at = body.input("at", "int64", []);
  const goOn = body.input("go_on", "bool", []);
  const chain = body.input("chain", "uint64", loop.shape);
  const step = body.node("Add", [loop.start, at]);
  const bitmap = body.node("Gather", [
    body.weight(loop.bitmaps),
    body.node("Gather", [loop.rows, step]),
  ]);
  const [before, operand] = pick(body, loop.literals, step, 2) as [Value, Value];
  body.output("go_on", goOn, "bool", []);
  const folded = fold(body, chain, before, body.node("BitwiseXor", [bitmap, operand]));
  body.output("chain", folded, "uint64", loop.shape);
  return body;
}

/** `(register ^ before) & operand`: see Fold in eligibility/plan-tensors.ts. */
function fold(graph: GraphBuilder, register: Value, before: Value, operand: Value): Value {
  return graph.node("BitwiseAnd", [graph.node("BitwiseXor", [register, before]), operand]);
}

/** The flags of one step, each [plans, 1], from [steps, flags, plans, 1]. */
function pick(graph: GraphBuilder, table: Value, step: Value, flags: number): Value[] {
  const row = graph.node("Gather", [table, step]);
  return graph
    .nodes("Split", [row], flags, { attributes: { axis: 0, num_outputs: flags } })
    .map((flag) => graph.node("Squeeze", [flag, graph.ints(0)]));
}

/**
 * From bits to penalties: byte k of all words for k = 0 .. 7 (so they come in the order of the
 * items, see bitmap-layout.ts), and for each byte its eight penalties from a table.
 */
function unpacked(graph: GraphBuilder, words: Value, penalties: StoredTensor): Value {
  const shifts = graph.constant(
    "uint64",
    [1, 8, 1],
    BigUint64Array.from({ length: 8 }, (_, k) => BigInt(8 * k)),
  );
  const shifted = graph.node(
    "BitShift",
    [graph.node("Unsqueeze", [words, graph.ints(1)]), shifts],
    {
      attributes: { direction: "RIGHT" },
    },
  );
  // A cast to fewer bits keeps the lowest ones.
  const bytes = graph.cast(graph.cast(shifted, "uint8"), "int32");
  return graph.reshape(graph.node("Gather", [graph.weight(penalties), bytes]), 0, -1);
}
