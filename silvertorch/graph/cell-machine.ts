import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { RANGE_NUMBERS, STEP_FLAGS } from "../eligibility/step-tensors.ts";

/** Programs over ranges of cells, side by side (eligibility/step-tensors.ts). */
export interface CellProgram {
  readonly ranges: Value;
  readonly flags: Value;
  readonly complements: Value;
}

/** Inputs, each with a name of its own in front: `_ranges`, `_flags` and `_complements`. */
export function cellProgramInputs(graph: GraphBuilder, name: string): CellProgram {
  const steps = `${name}_steps`;
  return {
    ranges: graph.input(`${name}_ranges`, "int32", [steps, RANGE_NUMBERS, "plans", 1]),
    flags: graph.input(`${name}_flags`, "bool", [steps, STEP_FLAGS.length, "plans", 1]),
    complements: graph.input(`${name}_complements`, "bool", ["plans", 1]),
  };
}

/** A program a request instead of one a filter. */
export function cellProgramsOf(
  graph: GraphBuilder,
  program: CellProgram,
  planOf: Value,
): CellProgram {
  const ofRequests = (table: Value, axis: number): Value =>
    graph.node("Gather", [table, planOf], { attributes: { axis } });
  return {
    ranges: ofRequests(program.ranges, 2),
    flags: ofRequests(program.flags, 2),
    complements: ofRequests(program.complements, 0),
  };
}

export interface CellTape {
  /** bool [programs, places]: true everywhere; what the registers hold at first. */
  readonly everything: Value;
  readonly places: number | string;
  /** int32 [programs, places]: the cell of each place that a program's step names, int32 [programs, 1]. */
  readonly read: (graph: GraphBuilder, cell: Value) => Value;
}

/**
 * Works off programs as the filter machine does (filter-machine.ts), with what every device has
 * kernels for: truth values in the place of bits, and one Scan over all literals, for where a Loop
 * asks the processor before each turn whether to go on, a Scan's turns follow each other on the
 * device. A literal's step folds it into its term, and where that ends, on into clause and result.
 *
 * @returns bool [programs, places]
 */
export function cellBits(graph: GraphBuilder, program: CellProgram, tape: CellTape): Value {
  const columns = (table: Value, count: number): Value[] =>
    graph
      .nodes("Split", [table], count, { attributes: { axis: 1, num_outputs: count } })
      .map((column) => graph.node("Squeeze", [column, graph.ints(1)]));
  const scanned = [
    ...columns(program.ranges, RANGE_NUMBERS),
    ...columns(program.flags, STEP_FLAGS.length),
  ];
  const { everything } = tape;
  const body = stepBody(graph, tape);
  const registers = graph.nodes("Scan", [everything, everything, everything, ...scanned], 3, {
    attributes: { body, num_scan_inputs: scanned.length },
  });
  return graph.node("Xor", [registers[2]!, program.complements]);
}

function stepBody(graph: GraphBuilder, { places, read }: CellTape): GraphBuilder {
  const body = graph.subgraph("step");
  const registers = ["term", "clause", "result"].map((name) =>
    body.input(name, "bool", ["programs", places]),
  );
  const [term, clause, result] = registers as [Value, Value, Value];
  const column = (name: string): Value => body.input(name, "bool", ["programs", 1]);
  const number = (name: string): Value => body.input(name, "int32", ["programs", 1]);
  const [cell, low, high] = [number("cell"), number("low"), number("high")];
  const flags = STEP_FLAGS.map(column);
  const flag = (name: (typeof STEP_FLAGS)[number]): Value => flags[STEP_FLAGS.indexOf(name)]!;
  const xor = (a: Value, b: Value): Value => body.node("Xor", [a, b]);
  const and = (a: Value, b: Value): Value => body.node("And", [a, b]);
  const or = (a: Value, b: Value): Value => body.node("Or", [a, b]);

  const held = read(body, cell);
  const within = and(
    body.node("GreaterOrEqual", [held, low]),
    body.node("LessOrEqual", [held, high]),
  );
  const termAfter = and(xor(term, flag("literalBefore")), xor(within, flag("literalOperand")));
  const ofTerm = or(xor(termAfter, flag("termOperand")), flag("termIdle"));
  const clauseAfter = and(xor(clause, flag("termBefore")), ofTerm);
  const ofClause = or(xor(clauseAfter, flag("clauseOperand")), flag("clauseIdle"));
  const resultAfter = and(xor(result, flag("clauseBefore")), ofClause);
  body.output("term", or(termAfter, flag("termEnds")), "bool", ["programs", places]);
  body.output("clause", or(clauseAfter, flag("clauseEnds")), "bool", ["programs", places]);
  body.output("result", resultAfter, "bool", ["programs", places]);
  return body;
}
