/** Consecutive rows. */
export interface RowRange {
  readonly from: number;
  /** One past the last. */
  readonly to: number;
}

/** The rows of one of so many shards: as many in each, but for one. */
export function shardRange(items: number, shards: number, shard: number): RowRange {
  return {
    from: Math.floor((items * shard) / shards),
    to: Math.floor((items * (shard + 1)) / shards),
  };
}
