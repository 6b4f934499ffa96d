import type { Device } from "../../src/onnx/device.ts";
import type { BitsArray, BitsType } from "../container-bits.ts";
import type { RowSet } from "../row-set.ts";
import { BitsMemory } from "./bits-memory.ts";

/** A byte each, but where a device takes nothing smaller than 32 bits. */
export const bitsTypeOf = (device: Device): BitsType => (device === "webgpu" ? "int32" : "uint8");

/** Which rows may be found, a bit a row, for queries that share filters. */
export interface PassingBits {
  /** [filters, bytes]: each a number from 0 to 255, its lowest bit the first of eight rows. */
  readonly bytes: BitsArray;
  readonly filters: number;
  /** [queries] which filter each query has. */
  readonly filterOf: Int32Array;
}

/** Rows that a filter's bits are whole multiples of; those beyond the last item never pass. */
export const ROWS_STEP = 1024;

/** Bytes of a filter's bits. */
export const bytesOf = (items: number): number => Math.ceil(items / ROWS_STEP) * (ROWS_STEP / 8);

/**
 * The bits of each query's filter. All queries without one share theirs.
 * @param filters One a query, null: every row passes. Queries of one set share its bits.
 * @param memory What the bits stand on, if not on memory of their own.
 */
export function passingBits(
  filters: readonly (RowSet | null)[],
  {
    items,
    type,
    memory = new BitsMemory(type),
  }: { readonly items: number; readonly type: BitsType; readonly memory?: BitsMemory },
): PassingBits {
  const distinct = [...new Set(filters)];
  const length = bytesOf(items);
  const bytes = memory.take(distinct.length * length);
  for (const [at, filter] of distinct.entries()) {
    const own = bytes.subarray(at * length, (at + 1) * length);
    if (filter === null) fillAll(own, items);
    else filter.writeBits(own);
  }
  const places = new Map(distinct.map((filter, at) => [filter, at]));
  const filterOf = Int32Array.from(filters, (filter) => places.get(filter)!);
  return { bytes, filters: distinct.length, filterOf };
}

function fillAll(bytes: BitsArray, items: number): void {
  const whole = Math.floor(items / 8);
  bytes.fill(255, 0, whole);
  const rest = items % 8;
  if (rest > 0) bytes[whole] = (1 << rest) - 1;
}
