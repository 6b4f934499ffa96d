import type { HostTensor } from "../../src/onnx/element-type.ts";
import { ALL_ITEMS_ROW } from "../eligibility/attribute-index.ts";
import { FOLD_DIMS } from "../eligibility/fold.ts";
import { planTensors, type EncodedPlan, type EncodedProgram } from "../eligibility/plan-tensors.ts";
import { RANGE_NUMBERS, STEP_FLAGS, stepTensors } from "../eligibility/step-tensors.ts";
import type { DeviceForm } from "../graph/device-form.ts";
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
  /** Whether the graph takes `fetch` and what to check of what signatures let through. */
  readonly checked: boolean;
  /** Whether the graph takes what is folded, and `fetch`. */
  readonly foldable: boolean;
  readonly form: DeviceForm;
}

/** How thoroughly a batch is searched. */
export interface Thoroughness {
  /** Clusters that a head looks at. */
  readonly probes: number;
  /** Places of a list before the check; as many as wanted, if that is more. */
  readonly fetch: number;
  /** Whether filters are a part of the product. */
  readonly folded: boolean;
}

/** The inputs of the retrieval graph for a batch of queries; each layer's file says what they are. */
export function batchFeeds(
  queries: readonly EngineQuery[],
  shape: BatchShape,
  { probes, fetch, folded }: Thoroughness,
): Record<string, HostTensor> {
  const k = Math.min(shape.items, Math.max(...queries.map((query) => query.k)));
  return {
    ...userFeeds(queries, shape),
    ...planFeeds(queries, shape),
    ...exclusionFeeds(queries),
    k: single(k),
    ...(shape.clustered ? { probes: single(probes) } : {}),
    ...(shape.checked || shape.foldable ? { fetch: single(Math.min(shape.items, fetch)) } : {}),
    ...(shape.foldable ? foldFeeds(queries, folded) : {}),
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
function planFeeds(
  queries: readonly EngineQuery[],
  { checked, form }: BatchShape,
): Record<string, HostTensor> {
  const { plans: distinct, planOf } = distinctPlans(queries);
  return {
    filtered: flag(distinct.some((plan) => plan !== null)),
    plan_of: { type: "int32", dims: [queries.length], data: planOf },
    ...scanFeeds(
      distinct.map((plan) => plan?.scan ?? null),
      form,
    ),
    ...(checked ? checkFeeds(distinct) : {}),
  };
}

interface DistinctPlans {
  readonly plans: readonly (EncodedPlan | null)[];
  /** [queries] */
  readonly planOf: Int32Array;
}

function distinctPlans(queries: readonly EngineQuery[]): DistinctPlans {
  const positions = new Map<EncodedPlan | null, number>();
  const planOf = Int32Array.from(queries, ({ plan }) => {
    const position = positions.get(plan) ?? positions.size;
    positions.set(plan, position);
    return position;
  });
  return { plans: [...positions.keys()], planOf };
}

function scanFeeds(
  programs: readonly (EncodedProgram | null)[],
  { eligibility }: DeviceForm,
): Record<string, HostTensor> {
  return eligibility === "bitmaps"
    ? programFeeds("scan", programs, [ALL_ITEMS_ROW])
    : cellProgramFeeds("scan", programs);
}

/** Inputs of a cell machine: see `cellProgramInputs`. */
function cellProgramFeeds(
  name: string,
  programs: readonly (EncodedProgram | null)[],
): Record<string, HostTensor> {
  const { steps, plans, ranges, flags, complements } = stepTensors(programs);
  return {
    [`${name}_ranges`]: { type: "int32", dims: [steps, RANGE_NUMBERS, plans, 1], data: ranges },
    [`${name}_flags`]: { type: "bool", dims: [steps, STEP_FLAGS.length, plans, 1], data: flags },
    [`${name}_complements`]: { type: "bool", dims: [plans, 1], data: complements },
  };
}

/** What each query requires of items, and how that is checked; of a batch that is not folded, nothing. */
function foldFeeds(queries: readonly EngineQuery[], isFolded: boolean): Record<string, HostTensor> {
  const penalties = new Float32Array(queries.length * FOLD_DIMS);
  const plans = distinctPlans(queries).plans.map((plan) => (isFolded ? plan?.folded : undefined));
  if (isFolded) {
    for (const [at, { plan }] of queries.entries()) {
      if (plan?.folded !== undefined) penalties.set(plan.folded.penalties, at * FOLD_DIMS);
    }
  }
  return {
    folded: flag(isFolded),
    fold_penalties: { type: "float32", dims: [queries.length, FOLD_DIMS], data: penalties },
    ...cellProgramFeeds(
      "fold",
      plans.map((plan) => plan?.check ?? null),
    ),
  };
}

/** What signatures let through and is to be checked. */
function checkFeeds(plans: readonly (EncodedPlan | null)[]): Record<string, HostTensor> {
  const checks = plans.map((plan) => plan?.check ?? null);
  return {
    checked: flag(checks.some((check) => check !== null)),
    ...programFeeds("check", checks, ANY_CELL),
  };
}

/** The range that every cell lies in, one without a value too. */
const ANY_CELL = [-(2 ** 31), 2 ** 31 - 1];

/** Inputs of a filter machine: see `programInputs`. */
function programFeeds(
  name: string,
  programs: readonly (EncodedProgram | null)[],
  idle: readonly number[],
): Record<string, HostTensor> {
  const tensors = planTensors(programs, idle);
  const { plans, steps, terms } = tensors;
  const operand = idle.length === 1 ? [] : [idle.length];
  return {
    [`${name}_operands`]: {
      type: "int32",
      dims: [steps, plans, ...operand],
      data: tensors.operands,
    },
    [`${name}_literals`]: { type: "int8", dims: [steps, 2, plans, 1], data: tensors.literalFlags },
    [`${name}_starts`]: { type: "int32", dims: [terms], data: tensors.termStarts },
    [`${name}_lengths`]: { type: "int32", dims: [terms], data: tensors.termLengths },
    [`${name}_folds`]: { type: "int8", dims: [terms, 6, plans, 1], data: tensors.foldFlags },
    [`${name}_complements`]: { type: "int8", dims: [plans, 1], data: tensors.complements },
  };
}

const flag = (value: boolean): HostTensor => ({
  type: "bool",
  dims: [],
  data: Uint8Array.of(value ? 1 : 0),
});

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
