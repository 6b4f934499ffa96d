import type { HarnessError } from "../src/errors.ts";
import type { ProcessStats } from "../src/door/stats.ts";
import type { CallContext } from "../src/door/retriever.ts";

// The services of the mesh as the gateway sees them, whether a wire lies between or not. Every
// call takes a batch and answers in its order; a HarnessError in an answer's place fails that one.

/** User features, kept on disk. */
export interface FeatureService extends MeshService {
  /** @returns features float32[userDim] of each id. An unknown id is a BAD_INPUT in its place. */
  users(ids: Float64Array, context: CallContext): Promise<readonly (Float32Array | HarnessError)[]>;
}

/** Rows that pass a filter. */
export interface EligibleRows {
  /** Portable roaring serialisation (see RowSet); null: every row passes. */
  readonly bitmap: Uint8Array | null;
  readonly count: number;
}

export interface FilterService extends MeshService {
  /** A filter that does not parse or names an unknown column is a BAD_INPUT in its place. */
  evaluate(
    filters: readonly string[],
    context: CallContext,
  ): Promise<readonly (EligibleRows | HarnessError)[]>;
}

/** A search for the nearest eligible rows to each head's query vector. */
export interface Search {
  /** float32[heads * dim] */
  readonly vectors: Float32Array;
  /** Rows wanted a head. */
  readonly k: number;
  readonly eligible: EligibleRows;
  /** Rows that must not be returned. */
  readonly excluded: Uint32Array;
}

/** Nearest rows of all heads, one after the other; each head's by value descending, row ascending. */
export interface Candidates {
  readonly rows: Uint32Array;
  readonly values: Float32Array;
  /** [heads] how many of `rows` are each head's: min(k, eligible and not excluded). */
  readonly counts: Uint32Array;
}

export interface IndexService extends MeshService {
  search(
    searches: readonly Search[],
    context: CallContext,
  ): Promise<readonly (Candidates | HarnessError)[]>;
}

export interface MeshService {
  stats(): Promise<ServiceStats>;
}

export interface ServiceStats {
  readonly process: ProcessStats;
  /** Name of a stage -> HdrHistogram (V2, base64), microseconds. */
  readonly stages: ReadonlyMap<string, string>;
  readonly counters: ReadonlyMap<string, number>;
}
