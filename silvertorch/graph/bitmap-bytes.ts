import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";

/**
 * The bytes of bitmaps in the order of their items: of each block byte k of all words for k = 0 ..
 * 7 (eligibility/bitmap-layout.ts).
 *
 * @param words uint64 [batch, blocks, words of a block]
 * @returns uint8 [batch, blocks, 8, words of a block]
 */
export function bytesOf(graph: GraphBuilder, words: Value): Value {
  const shifts = graph.constant(
    "uint64",
    [8, 1],
    BigUint64Array.from({ length: 8 }, (_, k) => BigInt(8 * k)),
  );
  const planes = graph.node("Unsqueeze", [words, graph.ints(2)]);
  const shifted = graph.node("BitShift", [planes, shifts], { attributes: { direction: "RIGHT" } });
  // A cast to fewer bits keeps the lowest ones.
  return graph.cast(shifted, "uint8");
}

/** From bytes, of any shape, to their bits in a last dimension of 8, of which each is 0 or not. */
export function bitsApart(graph: GraphBuilder, bytes: Value): Value {
  const masks = Uint8Array.from({ length: 8 }, (_, bit) => 1 << bit);
  const each = graph.node("Unsqueeze", [bytes, graph.ints(-1)]);
  return graph.node("BitwiseAnd", [each, graph.constant("uint8", [8], masks)]);
}
