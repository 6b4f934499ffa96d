import { HarnessError } from "../errors.ts";
import { MAX_FILTER_LENGTH } from "./filter/grammar.ts";
import { requireFinite } from "./model.ts";
import { MAX_EXCLUDE, type RetrievalRequest } from "./request.ts";
import { vectorsWithOverArch } from "./user-queries.ts";

/** What a well-formed request depends on. */
export interface RequestLimits {
  /** Items in the catalogue: the largest k. */
  readonly items: number;
  /** Length of inline user features. */
  readonly userDim: number;
  /** Length of inline query vectors: heads x item dim; 0 where an OverArch refuses them. */
  readonly queryDim: number;
}

/**
 * Checks all of a request that can be checked without the catalogue; the filter's text is read
 * when it is bound.
 *
 * @throws HarnessError BAD_INPUT naming the field, what was expected and what came.
 */
export function validateRequest(request: RetrievalRequest, limits: RequestLimits): void {
  const { user, k, filter, exclude } = request;
  if (!Number.isInteger(k) || k < 1 || k > limits.items) {
    throw wrong("k", `an integer from 1 to ${limits.items}, the items there are`, String(k));
  }
  if (user.kind === "features") requireFinite("user_features", user.features, limits.userDim);
  if (user.kind === "vectors") {
    if (limits.queryDim === 0) throw vectorsWithOverArch();
    requireFinite("query_vectors", user.vectors, limits.queryDim);
  }
  if (user.kind === "id") requireId("user_id", user.id);
  if (filter.length > MAX_FILTER_LENGTH) {
    throw wrong("filter", `at most ${MAX_FILTER_LENGTH} characters`, String(filter.length));
  }
  if (exclude.length > MAX_EXCLUDE) {
    throw wrong("exclude", `at most ${MAX_EXCLUDE} ids`, String(exclude.length));
  }
  for (let at = 0; at < exclude.length; at++) requireId("exclude", exclude[at]!);
}

function requireId(field: string, id: number): void {
  if (!Number.isSafeInteger(id) || id < 0) {
    throw wrong(field, "an integer from 0 to 2^53 - 1", String(id));
  }
}

function wrong(field: string, expected: string, got: string): HarnessError {
  return new HarnessError("BAD_INPUT", `${field}: expected ${expected}; got ${got}`, {
    where: field,
  });
}
