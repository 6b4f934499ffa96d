/** What a scan writes: a key of each item and query, or the largest key of each block and query. */
export type Output = "scores" | "maxima";

/** Dimensions of an item, a byte each. */
export const DIM = 128;
/** Vectors of 16 bytes that an item takes, and those of a query, whose last holds its scale. */
export const ITEM_VECTORS = DIM / 16;
export const QUERY_VECTORS = ITEM_VECTORS + 1;
/** Items of a block, of which `maxima` keeps the largest key. */
export const BLOCK = 32;
/** Queries come in multiples of so many. */
export const QUERIES_AT_ONCE = 64;
/** Items come in multiples of so many: the most of a workgroup. */
export const ITEMS_AT_ONCE = 256;

/**
 * A way to score all items with all queries. Its kernel's bindings: 0 codes [items, 128 bytes],
 * 1 scales f32 [items] (negative where there is no item), 2 queries [queries, 144 bytes: codes, and
 * f32 what a code of 1 stands for], 3 results u32: `scores` [queries, items of the part], `maxima`
 * [blocks of 32 items of the part, queries]; 4 part (uniform): first item, items, queries.
 * Workgroups: items of the part / `itemsAGroup`.
 */
export interface ScanForm {
  readonly name: string;
  readonly itemsAGroup: number;
  readonly needsMatrices: boolean;
  readonly code: (output: Output) => string;
}
