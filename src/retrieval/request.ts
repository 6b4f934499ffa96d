/** Who asks: a known user, a user's features inline, or ready query vectors (one a head). */
export type UserRef =
  | { readonly kind: "id"; readonly id: number }
  | { readonly kind: "features"; readonly features: Float32Array }
  | { readonly kind: "vectors"; readonly vectors: Float32Array };

/** One retrieval request, as it crosses the front door. */
export interface RetrievalRequest {
  readonly user: UserRef;
  /** How many items are wanted, 1 .. catalogue size. */
  readonly k: number;
  /** Filter text (see filter/grammar); empty means every item is eligible. */
  readonly filter: string;
  /** Ids of items that must not be returned, at most `MAX_EXCLUDE`. Unknown ids are ignored. */
  readonly exclude: Float64Array;
}

/** The most ids one request may exclude. */
export const MAX_EXCLUDE = 10_000;

/** Best items first: value descending, row ascending. */
export interface Answer {
  readonly ids: Float64Array;
  /** float32, the Value Model's value of each id. */
  readonly values: Float32Array;
  /** True only where a system may answer in part and did. */
  readonly partial: boolean;
}
