import type { HostTensor } from "../../src/onnx/element-type.ts";

/** What a way to the best of some lists found: both [batch, k]. */
export interface Found {
  readonly values: Float32Array;
  readonly rows: BigInt64Array;
}

export const foundOf = (results: Readonly<Record<string, HostTensor>>): Found => ({
  values: results["values"]!.data as Float32Array,
  rows: results["rows"]!.data as BigInt64Array,
});

/** How what one way found differs from what another did. */
export interface Difference {
  /** Places that hold another value: none, or one of the ways is wrong. */
  readonly values: number;
  /** Places that hold another row: where scores are equal, either is right. */
  readonly rows: number;
  /** Rows whose score is not the value that stands beside them, or that are found twice. */
  readonly wrong: number;
}

/**
 * @param scores [batch, items]: what the best were taken of.
 */
export function difference(found: Found, of: Found, scores: Float32Array, k: number): Difference {
  const batch = found.rows.length / k;
  const items = scores.length / batch;
  let [values, rows, wrong] = [0, 0, 0];
  for (let query = 0; query < batch; query++) {
    const seen = new Set<number>();
    for (let at = query * k; at < (query + 1) * k; at++) {
      const row = Number(found.rows[at]);
      if (found.values[at] !== of.values[at]) values++;
      if (found.rows[at] !== of.rows[at]) rows++;
      if (scores[query * items + row] !== found.values[at] || seen.has(row)) wrong++;
      seen.add(row);
    }
  }
  return { values, rows, wrong };
}

/** In words. */
export function toldDifference({ values, rows, wrong }: Difference, places: number): string {
  if (values > 0 || wrong > 0) {
    return `NOT THE SAME: of ${places} places ${values} hold another value, ${wrong} a row that does not have it`;
  }
  if (rows === 0) return "the same rows";
  return `the same values; ${rows} of ${places} places hold another row of an equal score`;
}
