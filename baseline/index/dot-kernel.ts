import { type GatherCode, LANES, QUERY, ROW_AT, SUM } from "./gather-kernel.ts";
import { code, F32X4_ADD, F32X4_MUL, get, loadV128, set } from "./wasm-module.ts";

/**
 * The inner-product kernel of the exact scan: scoring gathered rows is what a mesh does for every
 * selective filter. It is unrolled for one dimension. Sums are float32 in four lanes of four.
 *
 * @param stride Floats from row to row and in the query: a multiple of 4, zero-padded.
 */
export function dotGather(stride: number): GatherCode {
  return { rowBytes: stride * 4, score: code(innerProduct(stride / 4), sumAcross()) };
}

const F32_ADD = [0x92];
const extractF32 = (lane: number): number[] => [0xfd, 0x1f, lane];

/** Leaves the products of the row and the query, summed four lanes at a time, in SUM. */
function innerProduct(words: number): number[] {
  const product = (word: number): number[] =>
    code(get(ROW_AT), loadV128(word * 16), get(QUERY), loadV128(word * 16), F32X4_MUL);
  // Four sums side by side: an addition need not wait for the one before it.
  const terms = Array.from({ length: words }, (_, word) => {
    const sum = SUM + (word % LANES);
    return word < LANES
      ? code(product(word), set(sum))
      : code(get(sum), product(word), F32X4_ADD, set(sum));
  });
  const rest = Array.from({ length: Math.min(LANES, words) - 1 }, (_, lane) =>
    code(get(SUM + lane + 1), F32X4_ADD),
  );
  return code(...terms, get(SUM), ...rest, set(SUM));
}

/** The four lanes of SUM added up. */
function sumAcross(): number[] {
  const lanes = [1, 2, 3].map((lane) => code(get(SUM), extractF32(lane), F32_ADD));
  return code(get(SUM), extractF32(0), ...lanes);
}
