import type { HostTensor } from "../../src/onnx/element-type.ts";
import { ALL_ITEMS_ROW } from "../eligibility/attribute-index.ts";
import { bonusOf } from "../eligibility/cluster-bonus.ts";
import { clauseTensors, LITERAL_NUMBERS } from "../eligibility/clauses.ts";
import { planTensors, type EncodedPlan, type EncodedProgram } from "../eligibility/plan-tensors.ts";
import { RANGE_NUMBERS, STEP_FLAGS, stepTensors } from "../eligibility/step-tensors.ts";
import type { DeviceForm } from "../graph/device-form.ts";
import type { EngineQuery } from "./query.ts";

/**
 * Requests with the same filter share a program, so the machine works it off once.
 * @param isFolded whether filters are a part of the product: the machine has nothing to do then.
 */
export function filterFeeds(
  queries: readonly EngineQuery[],
  {
    checked,
    form,
    isFolded,
  }: { readonly checked: boolean; readonly form: DeviceForm; readonly isFolded: boolean },
): Record<string, HostTensor> {
  const { plans, planOf } = distinctPlans(queries);
  const distinct = isFolded ? plans.map(() => null) : plans;
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

/**
 * What filters add to clusters' scores, a row a plan: see graph/cluster-order.ts.
 * @param clusters null: nothing is added.
 */
export function bonusFeeds(
  queries: readonly EngineQuery[],
  clusters: number | null,
): Record<string, HostTensor> {
  const { plans } = distinctPlans(queries);
  const isNone = clusters === null || plans.every((plan) => plan?.clusterBonus === undefined);
  const width = isNone ? 1 : clusters;
  const data = new Float32Array(plans.length * width);
  for (const [at, plan] of isNone ? [] : plans.entries()) {
    const codes = plan?.clusterBonus ?? NOTHING;
    for (let cluster = 0; cluster < codes.length; cluster++) {
      data[at * width + cluster] = BONUS[codes[cluster]!]!;
    }
  }
  return { cluster_bonus: { type: "float32", dims: [plans.length, width], data } };
}

const NOTHING = new Uint8Array(0);

/** What each code stands for. */
const BONUS = Float32Array.from({ length: 256 }, (_, code) => bonusOf(code));

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
export function foldFeeds(
  queries: readonly EngineQuery[],
  { foldDims, isFolded }: { readonly foldDims: number; readonly isFolded: boolean },
): Record<string, HostTensor> {
  const penalties = new Float32Array(queries.length * foldDims);
  const plans = distinctPlans(queries).plans.map((plan) => (isFolded ? plan?.folded : undefined));
  if (isFolded) {
    for (const [at, { plan }] of queries.entries()) {
      if (plan?.folded !== undefined) penalties.set(plan.folded.penalties, at * foldDims);
    }
  }
  const check = clauseTensors(plans.map((plan) => plan?.check ?? null));
  const { plans: count, literals, clauses } = check;
  return {
    folded: flag(isFolded),
    fold_penalties: { type: "float32", dims: [queries.length, foldDims], data: penalties },
    fold_ranges: { type: "int32", dims: [LITERAL_NUMBERS, count, literals], data: check.ranges },
    fold_signs: { type: "float32", dims: [count, clauses, literals], data: check.signs },
    fold_least: { type: "float32", dims: [count, clauses, 1], data: check.least },
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
