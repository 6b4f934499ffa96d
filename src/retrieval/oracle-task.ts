import type { Ranked } from "../math/top-k.ts";
import type { BoundFilter } from "./filter/bind.ts";

/** Requests that are answered in one pass over the items. Plain data: it travels to a worker. */
export interface ScanTask {
  readonly filters: readonly BoundFilter[];
  /** Those with the same filter stand together. */
  readonly requests: readonly ScanRequest[];
}

export interface ScanRequest {
  /** Position in the task's `filters`. */
  readonly filter: number;
  readonly k: number;
  /** float64 [heads, dim] */
  readonly queries: Float64Array;
  /** The user's features where an OverArch reads them; else empty. */
  readonly features: Float64Array;
  /** Rows that must not be returned, ascending, each once. */
  readonly excluded: Uint32Array;
}

export interface ScanOutcome {
  /** Best first. */
  readonly rows: Uint32Array;
  readonly values: Float64Array;
  /** [heads] inner product of each head's last candidate; see `Truth`. Empty for a score alone. */
  readonly borders: Float64Array;
  /** Items that pass the filter. */
  readonly passing: number;
  /** Items that pass the filter and are not excluded. */
  readonly eligible: number;
}

/** Neighbouring rows that requests are held against: a part of a ScanTask. */
export interface RangeTask extends ScanTask {
  readonly from: number;
  readonly to: number;
}

/** What a range of rows has for a request. */
export interface RangeOutcome {
  /** The best of each head; of all heads together where the value is the score. */
  readonly lists: readonly Ranked[];
  /** Items that pass the filter. */
  readonly passing: number;
}

/** A request whose ranges have all been looked at. */
export interface JoinTask {
  readonly request: ScanRequest;
  readonly filter: BoundFilter;
  readonly ranges: readonly RangeOutcome[];
}

/** What a thread of the oracle does, and what comes of it. */
export type OracleTask =
  | { readonly kind: "answer"; readonly task: ScanTask }
  | { readonly kind: "range"; readonly task: RangeTask }
  | { readonly kind: "join"; readonly task: JoinTask };
