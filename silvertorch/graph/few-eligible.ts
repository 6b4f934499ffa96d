import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { fewShare } from "../eligibility/filter-share.ts";
import { bitsApart, bytesOf } from "./bitmap-bytes.ts";
import type { Eligibility } from "./eligibility.ts";
import type { BitPenalties } from "./item-penalties.ts";

/** What the filters of a batch leave, if it is little. */
export interface FewEligible {
  /** bool []: whether it is, and so is listed. */
  readonly few: Value;
  /** int64 [pairs]: requests, and a row that each may get, by request and row; none if not few. */
  readonly requests: Value;
  readonly rows: Value;
}

export interface Eligible extends FewEligible {
  /** uint8 [batch, bytes]: a bit an item, in the order of the items; of no filters, any. */
  readonly bytes: Value;
}

/** Finds what is eligible, and lists it if it is little for so many heads. */
export function eligibleOf(
  graph: GraphBuilder,
  { filtered }: Eligibility,
  { words, blockWords, of }: BitPenalties,
  heads: number,
): Eligible {
  const found = graph.subgraph("eligible");
  const bits = of(found);
  const blocks = found.reshape(bits, 0, -1, blockWords);
  const bytes = found.reshape(bytesOf(found, blocks), 0, -1);
  const batch = found.node("Shape", [bits], { attributes: { start: 0, end: 1 } });
  const most = found.node("Mul", [batch, found.ints(Math.ceil(words * 64 * fewShare(heads)))]);
  output(found, { bytes, ...listed(found, { bits, bytes, most }) });
  const all = graph.subgraph("all");
  const any = all.constant("uint8", [1, 1], Uint8Array.of(0));
  output(all, { bytes: any, ...notListed(all) });
  const [eligible, ...rest] = graph.nodes("If", [filtered], 4, {
    attributes: { then_branch: found, else_branch: all },
  });
  const [few, requests, rows] = rest as [Value, Value, Value];
  return { bytes: eligible!, few, requests, rows };
}

interface Bits {
  /** uint64 [batch, words] */
  readonly bits: Value;
  readonly bytes: Value;
  /** int64 [1]: pairs that are few. */
  readonly most: Value;
}

/** The bits that are set, unless they are too many; so are words, or bytes, that hold some. */
function listed(graph: GraphBuilder, { bits, bytes, most }: Bits): FewEligible {
  const held = graph.cast(graph.cast(bits, "bool"), "int64");
  const words = graph.node("ReduceSum", [held], { attributes: { keepdims: 0 } });
  return unless(graph, { tooMany: graph.node("Greater", [words, most]) }, (ofBytes) => {
    const [requests, places, at] = nonZero(ofBytes, bytes);
    const count = ofBytes.node("Shape", [requests]);
    return unless(ofBytes, { tooMany: ofBytes.node("Greater", [count, most]) }, (ofBits) => {
      const [byte, bit] = nonZero(ofBits, bitsApart(ofBits, ofBits.node("GatherND", [bytes, at])));
      const first = ofBits.node("Mul", [ofBits.node("Gather", [places, byte]), ofBits.ints(8)]);
      const pairs = ofBits.node("Shape", [byte]);
      return {
        few: ofBits.reshape(ofBits.node("LessOrEqual", [pairs, most])),
        requests: ofBits.node("Gather", [requests, byte]),
        rows: ofBits.node("Add", [first, bit]),
      };
    });
  });
}

function unless(
  graph: GraphBuilder,
  { tooMany }: { readonly tooMany: Value },
  list: (branch: GraphBuilder) => FewEligible,
): FewEligible {
  const few = graph.subgraph("listed");
  outputFew(few, list(few));
  const many = graph.subgraph("not_listed");
  outputFew(many, notListed(many));
  const [isFew, requests, rows] = graph.nodes("If", [graph.reshape(tooMany)], 3, {
    attributes: { then_branch: many, else_branch: few },
  }) as [Value, Value, Value];
  return { few: isFew, requests, rows };
}

const notListed = (graph: GraphBuilder): FewEligible => ({
  few: graph.constant("bool", [], Uint8Array.of(0)),
  requests: graph.ints(),
  rows: graph.ints(),
});

function output(graph: GraphBuilder, { bytes, ...few }: Eligible): void {
  graph.output("bytes", bytes, "uint8", ["batch", "bytes"]);
  outputFew(graph, few);
}

function outputFew(graph: GraphBuilder, { few, requests, rows }: FewEligible): void {
  graph.output("few", few, "bool", []);
  graph.output("requests", requests, "int64", ["pairs"]);
  graph.output("rows", rows, "int64", ["pairs"]);
}

/** Where a matrix is not 0, row after row: rows and columns, int64 [n], and both, [n, 2]. */
function nonZero(graph: GraphBuilder, matrix: Value): readonly [Value, Value, Value] {
  const found = graph.node("NonZero", [matrix]);
  const [rows, columns] = graph
    .nodes("Split", [found], 2, { attributes: { axis: 0, num_outputs: 2 } })
    .map((each) => graph.reshape(each, -1));
  const both = graph.node("Transpose", [found], { attributes: { perm: [1, 0] } });
  return [rows!, columns!, both];
}
