import type { Recorder } from "../../device/passes.ts";

/**
 * The forward pass on the device, stage after stage, over buffers that the stages share:
 *
 *   users -> QueryStage -> queries -> search -> lists -> RankingStage -> answers
 *
 * A *lane* is a set of such buffers: one batch on its way. All lanes share the artifact's buffers.
 */
export interface LaneBuffers {
  /** float32 [requests, heads x dim]: what the search looks for. Zeros at first. */
  readonly queries: GPUBuffer;
  /**
   * uint32 and float32 [requests x heads, places]: the best items of each head, by score
   * descending, then row ascending; `NO_ROW` and -inf where there are no more. Behind the rows stands
   * how many items each list has: uint32 [requests x heads].
   */
  readonly listRows: GPUBuffer;
  readonly listScores: GPUBuffer;
}

/** Stands in a list where there is no item. */
export const NO_ROW = 0xffff_ffff;

/** How much a lane can hold. */
export interface LaneCapacity {
  readonly requests: number;
  /** Places of a list: K0, or where the score is all that counts, the largest k. */
  readonly places: number;
}

/** How much of it a batch fills: rows of the buffers lie as close as these say. */
export interface BatchExtent {
  readonly requests: number;
  /** Places of each list. */
  readonly places: number;
  /** The largest k of the batch: items of an answer. */
  readonly k: number;
}

/** Who asks, as numbers: see kernels/ranking/user-inputs.ts. */
export interface PackedUsers {
  /** uint32 [requests, 2]: what it is (`USER_KINDS`), and its row, or its first float in `given`. */
  readonly users: Uint32Array<ArrayBuffer>;
  /** Features and query vectors that came along. */
  readonly given: Float32Array<ArrayBuffer>;
}

/** Items that came after the artifact was compiled, as numbers. */
export interface PackedFresh {
  readonly count: number;
  /** float32 [count, dim] */
  readonly embeddings: Float32Array<ArrayBuffer>;
  /** uint32 [requests, count]: 1 where a request may not get the item. */
  readonly barred: Uint32Array<ArrayBuffer>;
  /** What their records are made of, a word a number: [count, groups x length] of each part. */
  readonly sources: readonly Uint32Array<ArrayBuffer>[];
}

/** From who asks to query vectors: the user table and the user tower. */
export interface QueryStage {
  /** What it needs for a batch on its way. */
  lane(buffers: LaneBuffers, capacity: LaneCapacity): QueryLane;
}

export interface QueryLane {
  /** Features of the users, float32 [requests, userDim], for who ranks by them. */
  readonly features: GPUBuffer;
  /** Writes what `record` will read; before the submission. */
  upload(users: PackedUsers, extent: BatchExtent): void;
  /** Records the kernels that fill `queries`. */
  record(recorder: Recorder, extent: BatchExtent): void;
  /** Gives its own buffers back. */
  dispose(): void;
}

/** From the heads' lists to answers: union, embedding cache, OverArch, Value Model, the k best. */
export interface RankingStage {
  lane(buffers: LaneBuffers, capacity: LaneCapacity, features: GPUBuffer): RankingLane;
}

export interface RankingLane {
  /** uint32 and float32 [requests, k]: as the lists, by value; how many there are, behind the rows. */
  readonly answerRows: GPUBuffer;
  readonly answerValues: GPUBuffer;
  upload(extent: BatchExtent): void;
  /** Fresh items that are ranked along; before each batch, null: there are none. */
  uploadFresh(fresh: PackedFresh | null, extent: BatchExtent): Promise<void>;
  record(recorder: Recorder, extent: BatchExtent): void;
  dispose(): void;
}
