import { type GatherCode, LANES, QUERY, ROW_AT, SUM } from "./gather-kernel.ts";
import { code, get, I32_ADD, leb, loadV128, set } from "./wasm-module.ts";

/** Bytes of a row's scale, float32, behind its values. */
export const SCALE_BYTES = 4;

/**
 * The kernel of the scan in int8: the inner product of a row's int8 values with the query's int16,
 * in int32, times the row's own scale. A quarter of the memory of float32 is read.
 *
 * @param stride Values of a row, and of the query: a multiple of 8, zero-padded.
 */
export function int8Gather(stride: number): GatherCode {
  const scale = code(get(ROW_AT), loadF32(stride));
  const score = code(innerProduct(stride / 8), sumAcross(), F32_CONVERT_I32, scale, F32_MUL);
  return { rowBytes: stride + SCALE_BYTES, score };
}

const I32X4_ADD = [0xfd, 0xae, 0x01];
const I32X4_DOT_I16X8 = [0xfd, 0xba, 0x01];
const F32_CONVERT_I32 = [0xb2];
const F32_MUL = [0x94];
const BYTE_ALIGNED = 0x00;
const extractI32 = (lane: number): number[] => [0xfd, 0x1b, lane];
/** Eight int8, made int16. */
const loadInt8 = (offset: number): number[] => [0xfd, 0x01, BYTE_ALIGNED, ...leb(offset)];
const loadF32 = (offset: number): number[] => [0x2a, BYTE_ALIGNED, ...leb(offset)];

/** Leaves the sums of products, four lanes of int32, in SUM. */
function innerProduct(words: number): number[] {
  const product = (word: number): number[] =>
    code(get(ROW_AT), loadInt8(word * 8), get(QUERY), loadV128(word * 16), I32X4_DOT_I16X8);
  const terms = Array.from({ length: words }, (_, word) => {
    const sum = SUM + (word % LANES);
    return word < LANES
      ? code(product(word), set(sum))
      : code(get(sum), product(word), I32X4_ADD, set(sum));
  });
  const rest = Array.from({ length: Math.min(LANES, words) - 1 }, (_, lane) =>
    code(get(SUM + lane + 1), I32X4_ADD),
  );
  return code(...terms, get(SUM), ...rest, set(SUM));
}

/** The four lanes of SUM added up. */
function sumAcross(): number[] {
  const lanes = [1, 2, 3].map((lane) => code(get(SUM), extractI32(lane), I32_ADD));
  return code(get(SUM), extractI32(0), ...lanes);
}
