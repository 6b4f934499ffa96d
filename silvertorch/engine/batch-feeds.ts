import type { HostTensor } from "../../src/onnx/element-type.ts";
import { planTensors, type EncodedPlan } from "../eligibility/plan-tensors.ts";
import type { EngineQuery } from "./query.ts";

export interface BatchShape {
  readonly dim: number;
  readonly userDim: number;
  /** heads x item dim */
  readonly queryDim: number;
  /** Items of the catalogue: no k is larger. */
  readonly items: number;
  /** Whether the graph takes `probes`. */
  readonly clustered: boolean;
}

/**
 * The inputs of the retrieval graph for a batch of queries; each layer's file says what they are.
 *
 * @param probes clusters that a head looks at.
 */
export function batchFeeds(
  queries: readonly EngineQuery[],
  shape: BatchShape,
  probes: number,
): Record<string, HostTensor> {
  const k = Math.min(shape.items, Math.max(...queries.map((query) => query.k)));
  return {
    ...userFeeds(queries, shape),
    ...planFeeds(queries),
    ...exclusionFeeds(queries),
    k: single(k),
    ...(shape.clustered ? { probes: single(probes) } : {}),
  };
}

const single = (value: number): HostTensor => ({
  type: "int64",
  dims: [1],
  data: BigInt64Array.of(BigInt(value)),
});

function userFeeds(
  queries: readonly EngineQuery[],
  { userDim, queryDim }: BatchShape,
): Record<string, HostTensor> {
  const count = queries.length;
  const rows = new Int32Array(count);
  const features = new Float32Array(count * userDim);
  const hasFeatures = new Uint8Array(count);
  const vectors = new Float32Array(count * queryDim);
  const hasVectors = new Uint8Array(count);
  for (const [at, { user }] of queries.entries()) {
    if (user.kind === "row") {
      rows[at] = user.row;
    } else if (user.kind === "features") {
      hasFeatures[at] = 1;
      features.set(user.features, at * userDim);
    } else {
      hasVectors[at] = 1;
      vectors.set(user.vectors, at * queryDim);
    }
  }
  return {
    user_rows: { type: "int32", dims: [count], data: rows },
    has_features: { type: "bool", dims: [count, 1], data: hasFeatures },
    user_features: { type: "float32", dims: [count, userDim], data: features },
    has_vectors: { type: "bool", dims: [count, 1], data: hasVectors },
    query_vectors: { type: "float32", dims: [count, queryDim], data: vectors },
  };
}

/** Requests with the same filter share a program, so the machine works it off once. */
function planFeeds(queries: readonly EngineQuery[]): Record<string, HostTensor> {
  const positions = new Map<EncodedPlan | null, number>();
  const planOf = Int32Array.from(queries, ({ plan }) => {
    const position = positions.get(plan) ?? positions.size;
    positions.set(plan, position);
    return position;
  });
  const distinct = [...positions.keys()];
  const tensors = planTensors(distinct);
  const { plans, steps, terms } = tensors;
  const filtered = distinct.some((plan) => plan !== null);
  return {
    filtered: { type: "bool", dims: [], data: Uint8Array.of(filtered ? 1 : 0) },
    plan_of: { type: "int32", dims: [queries.length], data: planOf },
    plan_rows: { type: "int32", dims: [steps, plans], data: tensors.rows },
    plan_literals: { type: "int8", dims: [steps, 2, plans, 1], data: tensors.literalFlags },
    term_starts: { type: "int32", dims: [terms], data: tensors.termStarts },
    term_lengths: { type: "int32", dims: [terms], data: tensors.termLengths },
    plan_folds: { type: "int8", dims: [terms, 6, plans, 1], data: tensors.foldFlags },
    plan_complements: { type: "int8", dims: [plans, 1], data: tensors.complements },
  };
}

function exclusionFeeds(queries: readonly EngineQuery[]): Record<string, HostTensor> {
  const width = Math.max(...queries.map(({ exclude }) => exclude.length));
  const rows = new Int32Array(queries.length * width);
  const penalties = new Float32Array(queries.length * width);
  for (const [at, { exclude }] of queries.entries()) {
    rows.set(exclude, at * width);
    penalties.fill(-Infinity, at * width, at * width + exclude.length);
  }
  const dims = [queries.length, width];
  return {
    excluded_rows: { type: "int32", dims, data: rows },
    excluded_penalties: { type: "float32", dims, data: penalties },
  };
}
