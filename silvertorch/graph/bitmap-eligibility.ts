import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { viewOf, type StoredTensor } from "../../src/onnx/weights-file.ts";
import { ALL_ITEMS_ROW } from "../eligibility/attribute-index.ts";
import { filterBits, programInputs, programsOf, type Program } from "./filter-machine.ts";
import type { ItemPenalties } from "./item-penalties.ts";

export interface BitmapWeights {
  readonly kind: "bitmaps";
  /** uint64 [rows, words]: the bitmap table (eligibility/bitmap-table.ts). */
  readonly bitmaps: StoredTensor;
  /** Words of a block of the table: of all items, or of one cluster. */
  readonly blockWords: number;
  /** float32 [256, 8]: of each byte, 0 where a bit is set and -inf where it is not. */
  readonly penalties: StoredTensor;
}

/** The filters of a batch, as inputs of the graph. */
interface Filters {
  /** int32 [batch]: the plan of each request. */
  readonly planOf: Value;
  readonly program: Program;
}

/** Eligibility by a filter machine over bitmaps. Inputs: the program's, whose names begin with `scan`. */
export function bitmapEligibility(
  graph: GraphBuilder,
  weights: BitmapWeights,
  planOf: Value,
): ItemPenalties {
  const filters = { planOf, program: programInputs(graph, "scan", []) };
  return {
    ofAll: (branch) => ofAll(branch, weights, filters),
    within: (branch, clusters) => within(branch, weights, { filters, clusters }),
  };
}

function ofAll(
  graph: GraphBuilder,
  { bitmaps, blockWords, penalties }: BitmapWeights,
  { planOf, program }: Filters,
): Value {
  const words = bitmaps.dims[1]!;
  const plans = graph.node("Shape", [program.complements], { attributes: { start: 0, end: 1 } });
  const items = graph.node("Gather", [graph.weight(bitmaps), graph.ints(ALL_ITEMS_ROW)]);
  const bits = filterBits(graph, program, {
    shape: graph.node("Concat", [plans, graph.ints(words)], { attributes: { axis: 0 } }),
    dims: ["plans", words],
    read: (branch, rows) => branch.node("Gather", [branch.weight(bitmaps), rows]),
  });
  // No complement may make the padding eligible: row 0 holds the items that there are.
  const eligible = graph.node("BitwiseAnd", [bits, items]);
  const ofRequests = graph.reshape(graph.node("Gather", [eligible, planOf]), 0, -1, blockWords);
  return unpacked(graph, ofRequests, penalties);
}

function within(
  graph: GraphBuilder,
  { bitmaps, blockWords, penalties }: BitmapWeights,
  { filters, clusters }: { readonly filters: Filters; readonly clusters: Value },
): Value {
  const [rows, words] = bitmaps.dims as [number, number];
  const blocks = words / blockWords;
  const table = viewOf(bitmaps, [rows * blocks, blockWords]);
  const count = graph.constant("int64", [], BigInt64Array.of(BigInt(blocks)));
  const read = (branch: GraphBuilder, bitmap: Value): Value => {
    const first = branch.node("Mul", [branch.cast(bitmap, "int64"), count]);
    const block = branch.node("Add", [branch.node("Unsqueeze", [first, branch.ints(1)]), clusters]);
    return branch.reshape(branch.node("Gather", [branch.weight(table), block]), 0, -1);
  };
  const all = read(graph, graph.ints(ALL_ITEMS_ROW));
  const bits = filterBits(graph, programsOf(graph, filters.program, filters.planOf), {
    shape: graph.node("Shape", [all]),
    dims: ["batch", "words"],
    read,
  });
  const eligible = graph.node("BitwiseAnd", [bits, all]);
  return unpacked(graph, graph.reshape(eligible, 0, -1, blockWords), penalties);
}

/**
 * From bits to penalties: of each block byte k of all words for k = 0 .. 7 (so they come in the
 * order of the items, see bitmap-layout.ts), and for each byte its eight penalties from a table.
 *
 * @param words uint64 [batch, blocks, words of a block]
 */
function unpacked(graph: GraphBuilder, words: Value, penalties: StoredTensor): Value {
  const shifts = graph.constant(
    "uint64",
    [8, 1],
    BigUint64Array.from({ length: 8 }, (_, k) => BigInt(8 * k)),
  );
  const planes = graph.node("Unsqueeze", [words, graph.ints(2)]);
  const shifted = graph.node("BitShift", [planes, shifts], { attributes: { direction: "RIGHT" } });
  // A cast to fewer bits keeps the lowest ones.
  const bytes = graph.cast(graph.cast(shifted, "uint8"), "int32");
  return graph.reshape(graph.node("Gather", [graph.weight(penalties), bytes]), 0, -1);
}
