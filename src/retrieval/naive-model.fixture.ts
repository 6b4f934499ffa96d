import type { Catalogue, Users } from "./catalogue.ts";
import type { DenseLayer } from "./dense-layer.ts";
import { bindFilter } from "./filter/bind.ts";
import { matches } from "./filter/evaluate.ts";
import { parseFilter } from "./filter/grammar.ts";
import { bindFormula } from "./formula/bind.ts";
import { evaluateFormula, rankingValue } from "./formula/evaluate.ts";
import type { ModelSpec } from "./model-spec.ts";
import { createModel } from "./model.ts";
import type { MlpOverArch } from "./over-arch/mlp.ts";
import { NORM_FLOOR, type MolOverArch } from "./over-arch/mol.ts";
import type { RetrievalRequest } from "./request.ts";

/** A small world to answer requests in. */
export interface World {
  readonly catalogue: Catalogue;
  readonly users: Users;
  readonly requests: readonly RetrievalRequest[];
}

/**
 * For tests: the answer to a request by a known user, as design.md words the retrieval model: an
 * item, a head and a pair of components at a time, nothing shared, nothing cached.
 */
export function naiveAnswer(
  { catalogue, users }: World,
  spec: ModelSpec,
  request: RetrievalRequest,
): { rows: number[]; values: number[]; passing: number; eligible: number } {
  const { dim, denseDim } = catalogue;
  const model = createModel(spec, { userDim: users.dim, dim, denseDim });
  const row = request.user.kind === "id" ? users.ids.indexOf(request.user.id) : -1;
  const features = users.features.slice(row * users.dim, (row + 1) * users.dim);
  const queries = [...model.queryVectors(features)];
  const filter = bindFilter(parseFilter(request.filter), catalogue.columns);
  const formula = bindFormula(model.formula, { tasks: model.tasks, columns: catalogue.columns });
  const all = [...Array(catalogue.count).keys()];
  const passing = all.filter((item) => matches(filter, catalogue, item));
  const eligible = passing.filter((item) => !request.exclude.includes(catalogue.ids[item]!));

  const embedding = (item: number): number[] =>
    Array.from(catalogue.embeddings.subarray(item * dim, (item + 1) * dim));
  const product = (item: number, head: number): number =>
    inner(queries.slice(head * dim, (head + 1) * dim), embedding(item));
  const scores = new Map<number, number>();
  for (let head = 0; head < spec.heads; head++) {
    const best = eligible.toSorted((a, b) => product(b, head) - product(a, head) || a - b);
    for (const item of best.slice(0, spec.candidates)) {
      scores.set(item, Math.max(scores.get(item) ?? -Infinity, product(item, head)));
    }
  }
  const valued = [...scores].map(([item, score]): [number, number] => {
    const x = [
      ...embedding(item),
      ...catalogue.dense.slice(item * denseDim, (item + 1) * denseDim),
    ];
    const products = Array.from({ length: spec.heads }, (_, head) => product(item, head));
    const logits = logitsOf(model.overArch, [...features], x, products);
    return [item, rankingValue(evaluateFormula(formula, { catalogue, row: item, score, logits }))];
  });
  const ranked = valued.toSorted(([a, x], [b, y]) => y - x || a - b).slice(0, request.k);
  return {
    rows: ranked.map(([item]) => item),
    values: ranked.map(([, value]) => value),
    passing: passing.length,
    eligible: eligible.length,
  };
}

function logitsOf(
  overArch: MolOverArch | MlpOverArch | null,
  u: readonly number[],
  x: readonly number[],
  products: readonly number[],
): number[] {
  if (overArch === null) return [];
  return overArch.kind === "mol" ? molLogits(overArch, u, x) : mlpLogits(overArch, u, x, products);
}

function molLogits(mol: MolOverArch, u: readonly number[], x: readonly number[]): number[] {
  const users = components(through([mol.userComponents], u), mol.dim);
  const items = components(through([mol.itemComponents], x), mol.dim);
  const delta = users.flatMap((user) => items.map((item) => inner(user, item) / mol.temperature));
  return mol.gates.map(({ user, item, cross }) => {
    const [ofUser, ofItem, ofBoth] = [through(user, u), through([item], x), through(cross, delta)];
    const weights = delta.map((_, p) => Math.exp(ofUser[p]! + ofItem[p]! + ofBoth[p]!));
    return inner(weights, delta) / weights.reduce((sum, weight) => sum + weight, 0);
  });
}

function components(values: readonly number[], length: number): number[][] {
  return Array.from({ length: values.length / length }, (_, i) => {
    const component = values.slice(i * length, (i + 1) * length);
    const norm = Math.max(Math.sqrt(inner(component, component)), NORM_FLOOR);
    return component.map((value) => value / norm);
  });
}

/** The MLP over the concatenation [u, x, products], its first layer put together again. */
function mlpLogits(
  { first, rest, userDim, itemDim, heads }: MlpOverArch,
  u: readonly number[],
  x: readonly number[],
  products: readonly number[],
): number[] {
  const inDim = userDim + itemDim + heads;
  const weights = Float32Array.of(...first.user, ...first.item, ...first.products);
  const whole = { weights, bias: first.bias, inDim, outDim: first.width, relu: true };
  return through([whole, ...rest], [...u, ...x, ...products]);
}

function through(layers: readonly DenseLayer[], input: readonly number[]): number[] {
  return layers.reduce<readonly number[]>(
    (values, { weights, bias, outDim, relu }) =>
      Array.from({ length: outDim }, (_, o) => {
        const sum = values.reduce((s, value, i) => s + value * weights[i * outDim + o]!, bias[o]!);
        return relu ? Math.max(0, sum) : sum;
      }),
    input,
  ) as number[];
}

const inner = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + value * b[at]!, 0);
