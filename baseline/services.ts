import type { HarnessError } from "../src/errors.ts";
import type { ProcessStats } from "../src/door/stats.ts";
import type { CallContext } from "../src/door/retriever.ts";
import type { Dated, Follower } from "./live/changes.ts";
import type { CategoricalColumn, NumericColumn } from "../src/retrieval/catalogue.ts";

// The services of the mesh as the gateway sees them, whether a wire lies between or not. Every
// call takes a batch and answers in its order; a HarnessError in an answer's place fails that one.

/** Features of users and items, kept on disk. */
export interface FeatureService extends LiveService {
  /** An unknown id is a BAD_INPUT in its place; the version is that of the items. */
  users(
    ids: Float64Array,
    context: CallContext,
  ): Promise<readonly (Dated<UserFeatures> | HarnessError)[]>;
  /**
   * @throws HarnessError DATA naming a row that has no features, UNAVAILABLE where its version of
   *   the items is older than is asked for.
   */
  items(query: ItemQuery, context: CallContext): Promise<ItemFeatures>;
}

export interface UserFeatures {
  /** float32[userDim] */
  readonly features: Float32Array;
}

/** Which features of which items are wanted. */
export interface ItemQuery {
  readonly rows: Uint32Array;
  /** Whether embeddings and dense features are. */
  readonly features: boolean;
  /** Attributes, by their position in the dataset. */
  readonly columns: readonly number[];
  /** The oldest version of the items that will do. */
  readonly atLeast: number;
}

/** In the order of the rows asked for. */
export interface ItemFeatures {
  /** float32[rows, dim + denseDim]: embedding, then dense features; empty where none were wanted. */
  readonly features: Float32Array;
  /** One a column asked for. */
  readonly columns: readonly ColumnValues[];
}

/** An attribute of the items asked for; see Column. */
export type ColumnValues =
  | Pick<NumericColumn, "kind" | "values">
  | Pick<CategoricalColumn, "kind" | "offsets" | "values">;

/** Rows that pass a filter. */
export interface EligibleRows {
  /** Portable roaring serialisation (see RowSet); null: every row passes. */
  readonly bitmap: Uint8Array | null;
  readonly count: number;
}

export interface FilterService extends LiveService {
  /** A filter that does not parse or names an unknown column is a BAD_INPUT in its place. */
  evaluate(
    filters: readonly string[],
    context: CallContext,
  ): Promise<readonly (Dated<EligibleRows> | HarnessError)[]>;
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
  /** How thoroughly the index looks; absent: as it is set. */
  readonly effort?: SearchEffort;
}

/** Settings of the index that a search may bring itself, within the bounds of settings. */
export interface SearchEffort {
  /** Of inverted lists: clusters looked into. */
  readonly probes?: number;
  /** Of a graph: candidates that the walk keeps. */
  readonly expansionSearch?: number;
}

/** Nearest rows of all heads, one after the other; each head's by value descending, row ascending. */
export interface Candidates {
  readonly rows: Uint32Array;
  readonly values: Float32Array;
  /** [heads] how many of `rows` are each head's: min(k, eligible and not excluded). */
  readonly counts: Uint32Array;
  /** Some of the index's shards are missing; absent: none. */
  readonly partial?: true;
}

export interface IndexService extends LiveService {
  /** An effort that this kind of index does not know, or out of bounds, is a BAD_INPUT in its place. */
  search(
    searches: readonly Search[],
    context: CallContext,
  ): Promise<readonly (Dated<Candidates> | HarnessError)[]>;
}

/** A request's candidates, to be brought into order. */
export interface Ranking {
  /** float32[userDim]; empty where the ranker does not look at the user. */
  readonly features: Float32Array;
  /** float32[heads * dim]; empty where the ranker needs no inner products. */
  readonly vectors: Float32Array;
  /** Each candidate once. */
  readonly rows: Uint32Array;
  /** float32, a candidate's largest inner product over the heads that hold it. */
  readonly scores: Float32Array;
  /** How many are wanted back. */
  readonly k: number;
  /** Of the items, that the candidates were found in: their features must be no older. */
  readonly version: number;
}

/** The k best candidates by value descending, row ascending. */
export interface RankedRows {
  readonly rows: Uint32Array;
  readonly values: Float32Array;
}

/** OverArch and Value Model over candidates. */
export interface RankerService extends LiveService {
  rank(rankings: readonly Ranking[], context: CallContext): Promise<readonly RankedRows[]>;
}

/** The user tower: from features to query vectors. */
export interface TowerService extends MeshService {
  /**
   * @param features float32[users * userDim]
   * @returns float32[users * heads * dim]
   */
  embed(features: Float32Array, context: CallContext): Promise<Float32Array>;
}

/** All services of a mesh, as its gateway calls them. */
export interface MeshServices {
  readonly feature: FeatureService;
  readonly filter: FilterService;
  readonly index: IndexService;
  /** null: an item's value is its score. */
  readonly ranker: RankerService | null;
  /** null: the features are the query vector. */
  readonly tower: TowerService | null;
}

export interface MeshService {
  /** One entry a process. */
  stats(): Promise<readonly ServiceStats[]>;
}

/** A service whose items can change while it serves. */
export interface LiveService extends MeshService {
  /** Who must be told of changes: each copy and each shard by itself. */
  readonly followers: readonly Follower[];
}

export interface ServiceStats {
  readonly process: ProcessStats;
  /** Name of a stage -> HdrHistogram (V2, base64), microseconds. */
  readonly stages: ReadonlyMap<string, string>;
  readonly counters: ReadonlyMap<string, number>;
}
