import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { rowOf, type StoredTensor, viewOf } from "../../src/onnx/weights-file.ts";
import { ALL_ITEMS_ROW } from "../eligibility/attribute-index.ts";
import { bytesOf } from "./bitmap-bytes.ts";
import { filterBits, programInputs, programsOf, type Program } from "./filter-machine.ts";
import type { BitPenalties, ItemPenalties } from "./item-penalties.ts";

export interface BitmapWeights {
  readonly kind: "bitmaps";
  /** uint64 [rows, words]: the bitmap table (eligibility/bitmap-table.ts). */
  readonly bitmaps: StoredTensor;
  /** Words of a block of the table: of all items, or of one cluster. */
  readonly blockWords: number;
  /** float32 [256, 8]: of each byte, 0 where a bit is set and -inf where it is not. */
  readonly penalties: StoredTensor;
}

/** What else decides which items are eligible. */
export interface Hiding {
  /** uint64 [words], as a bitmap of the table: 0 where no request may get an item; null: there is no such. */
  readonly visible: Value | null;
}

/** Input: `visible` uint64 [words], see `Hiding`. */
export const visibleInput = (graph: GraphBuilder, { bitmaps }: BitmapWeights): Value =>
  graph.input("visible", "uint64", [bitmaps.dims[1]!]);

/** The filters of a batch, as inputs of the graph. */
interface Filters extends Hiding {
  /** int32 [batch]: the plan of each request. */
  readonly planOf: Value;
  readonly program: Program;
}

/** Eligibility by a filter machine over bitmaps. Inputs: the program's, whose names begin with `scan`. */
export function bitmapEligibility(
  graph: GraphBuilder,
  weights: BitmapWeights,
  planOf: Value,
  { visible }: Hiding = { visible: null },
): ItemPenalties {
  const filters = { planOf, program: programInputs(graph, "scan", []), visible };
  const { blockWords, penalties } = weights;
  const words = weights.bitmaps.dims[1]!;
  const bits: BitPenalties = {
    words,
    blockWords,
    of: (branch) => bitsOfAll(branch, weights, filters),
    ofBytes: (branch, bytes) => penaltiesOf(branch, bytes, penalties),
  };
  return {
    bits,
    ofAll: (branch) =>
      unpacked(branch, branch.reshape(bits.of(branch), 0, -1, blockWords), penalties),
    within: (branch, clusters) => within(branch, weights, { filters, clusters }),
  };
}

/** uint64 [batch, words] */
function bitsOfAll(
  graph: GraphBuilder,
  { bitmaps }: BitmapWeights,
  { planOf, program, visible }: Filters,
): Value {
  const words = bitmaps.dims[1]!;
  const plans = graph.node("Shape", [program.complements], { attributes: { start: 0, end: 1 } });
  const all = graph.weight(rowOf(bitmaps, ALL_ITEMS_ROW));
  const items = visible === null ? all : graph.node("BitwiseAnd", [all, visible]);
  const bits = filterBits(graph, program, {
    shape: graph.node("Concat", [plans, graph.ints(words)], { attributes: { axis: 0 } }),
    dims: ["plans", words],
    read: (branch, rows) => branch.node("Gather", [branch.weight(bitmaps), rows]),
  });
  // No complement may make the padding eligible: row 0 holds the items that there are.
  const eligible = graph.node("BitwiseAnd", [bits, items]);
  return graph.node("Gather", [eligible, planOf]);
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

/** From bits to penalties. @param words uint64 [batch, blocks, words of a block] */
const unpacked = (graph: GraphBuilder, words: Value, penalties: StoredTensor): Value =>
  penaltiesOf(graph, bytesOf(graph, words), penalties);

/** For each byte its eight penalties from a table: float32 [batch, places]. */
const penaltiesOf = (graph: GraphBuilder, bytes: Value, penalties: StoredTensor): Value =>
  graph.reshape(graph.node("Gather", [graph.weight(penalties), graph.cast(bytes, "int32")]), 0, -1);
