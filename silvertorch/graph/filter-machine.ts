import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { ALL_ITEMS_ROW } from "../eligibility/attribute-index.ts";
import { FOLD_FLAGS } from "../eligibility/plan-tensors.ts";

/** Programs side by side; shapes: `filterInputs`. */
export interface Program {
  readonly rows: Value;
  readonly literals: Value;
  readonly termStarts: Value;
  readonly termLengths: Value;
  readonly folds: Value;
  readonly complements: Value;
}

/** The bitmaps that a machine works on. */
export interface Tape {
  /** int64 [2]: the shape of a register, [programs, words]. */
  readonly shape: Value;
  readonly dims: readonly (string | number)[];
  /** One of the table's rows for each program, from their numbers: [programs] or [1]. */
  readonly read: (graph: GraphBuilder, rows: Value) => Value;
}

/**
 * Works off programs (eligibility/plan-tensors.ts) on a machine of three registers, different
 * programs in step: the inner of a pair of Loops folds literals into the term register, the outer
 * one terms into the clause and clauses into the result.
 *
 * @returns uint64 [programs, words]: the bitmap of each program's eligible items.
 */
export function eligibleBits(graph: GraphBuilder, program: Program, tape: Tape): Value {
  const everything = graph.node("Expand", [
    graph.constant("uint64", [1, 1], BigUint64Array.of(ALL_BITS)),
    tape.shape,
  ]);
  const literals = graph.cast(program.literals, "uint64");
  const folds = graph.cast(program.folds, "uint64");
  const starts = graph.cast(program.termStarts, "int64");
  const lengths = graph.cast(program.termLengths, "int64");
  const terms = graph.reshape(graph.node("Shape", [starts]));

  const body = graph.subgraph("term");
  const term = body.input("term", "int64", []);
  const goOn = body.input("go_on", "bool", []);
  const clause = body.input("clause", "uint64", tape.dims);
  const result = body.input("result", "uint64", tape.dims);
  const start = body.node("Gather", [starts, term]);
  const literalLoop = literalBody(body, { rows: program.rows, literals, start, tape });
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
  body.output("clause", body.node("BitwiseOr", [clauseAfter, clauseEnds]), "uint64", tape.dims);
  body.output("result", fold(body, result, outerBefore, clauseResult), "uint64", tape.dims);

  const always = graph.constant("bool", [], Uint8Array.of(1));
  const loop = graph.nodes("Loop", [terms, always, everything, everything], 2, {
    attributes: { body },
  });
  const complemented = graph.node("BitwiseXor", [
    loop[1]!,
    graph.cast(program.complements, "uint64"),
  ]);
  // No complement may make the padding eligible: row 0 holds the items that there are.
  return graph.node("BitwiseAnd", [complemented, tape.read(graph, graph.ints(ALL_ITEMS_ROW))]);
}

type Six<T> = [T, T, T, T, T, T];

const ALL_BITS = 2n ** 64n - 1n;

interface LiteralLoop {
  readonly rows: Value;
  readonly literals: Value;
  /** Step at which the term begins. */
  readonly start: Value;
  readonly tape: Tape;
}

function literalBody(graph: GraphBuilder, loop: LiteralLoop): GraphBuilder {
  const body = graph.subgraph("literal");
  const at = body.input("at", "int64", []);
  const goOn = body.input("go_on", "bool", []);
  const chain = body.input("chain", "uint64", loop.tape.dims);
  const step = body.node("Add", [loop.start, at]);
  const bitmap = loop.tape.read(body, body.node("Gather", [loop.rows, step]));
  const [before, operand] = pick(body, loop.literals, step, 2) as [Value, Value];
  body.output("go_on", goOn, "bool", []);
  const folded = fold(body, chain, before, body.node("BitwiseXor", [bitmap, operand]));
  body.output("chain", folded, "uint64", loop.tape.dims);
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
