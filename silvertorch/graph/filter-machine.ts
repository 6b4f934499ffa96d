import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { FOLD_FLAGS } from "../eligibility/plan-tensors.ts";

/** Programs side by side; shapes: `programInputs`. */
export interface Program {
  /** What the literals are about: whatever the tape reads. */
  readonly operands: Value;
  readonly literals: Value;
  readonly termStarts: Value;
  readonly termLengths: Value;
  readonly folds: Value;
  readonly complements: Value;
}

/**
 * Inputs, each with a name of its own in front: `_operands` int32 [steps, plans, ..], `_literals`
 * int8 [steps, 2, plans, 1], `_starts` and `_lengths` int32 [terms], `_folds` int8 [terms, 6,
 * plans, 1], `_complements` int8 [plans, 1].
 *
 * @param operand dimensions of an operand; none: a number.
 */
export function programInputs(
  graph: GraphBuilder,
  name: string,
  operand: readonly number[],
): Program {
  const steps = `${name}_steps`;
  const terms = `${name}_terms`;
  return {
    operands: graph.input(`${name}_operands`, "int32", [steps, "plans", ...operand]),
    literals: graph.input(`${name}_literals`, "int8", [steps, 2, "plans", 1]),
    termStarts: graph.input(`${name}_starts`, "int32", [terms]),
    termLengths: graph.input(`${name}_lengths`, "int32", [terms]),
    folds: graph.input(`${name}_folds`, "int8", [terms, FOLD_FLAGS, "plans", 1]),
    complements: graph.input(`${name}_complements`, "int8", ["plans", 1]),
  };
}

/** A program a request, where each reads something of its own, instead of one a filter. */
export function programsOf(graph: GraphBuilder, program: Program, planOf: Value): Program {
  const ofRequests = (table: Value, axis: number): Value =>
    graph.node("Gather", [table, planOf], { attributes: { axis } });
  return {
    ...program,
    operands: ofRequests(program.operands, 1),
    literals: ofRequests(program.literals, 2),
    folds: ofRequests(program.folds, 2),
    complements: ofRequests(program.complements, 0),
  };
}

/** What a machine works on. */
export interface Tape {
  /** int64 [2]: the shape of a register, [programs, words]. */
  readonly shape: Value;
  readonly dims: readonly (string | number)[];
  /** What a literal of each program is about, from its operands of one step: a register. */
  readonly read: (graph: GraphBuilder, operands: Value) => Value;
}

/**
 * Works off programs (eligibility/plan-tensors.ts) on a machine of three registers, different
 * programs in step: the inner of a pair of Loops folds literals into the term register, the outer
 * one terms into the clause and clauses into the result.
 *
 * @returns uint64 [programs, words]: what is true of each program; of padding it may be either.
 */
export function filterBits(graph: GraphBuilder, program: Program, tape: Tape): Value {
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
  const literalLoop = literalBody(body, { operands: program.operands, literals, start, tape });
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
  return graph.node("BitwiseXor", [loop[1]!, graph.cast(program.complements, "uint64")]);
}

type Six<T> = [T, T, T, T, T, T];

const ALL_BITS = 2n ** 64n - 1n;

interface LiteralLoop {
  readonly operands: Value;
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
  const bitmap = loop.tape.read(body, body.node("Gather", [loop.operands, step]));
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
