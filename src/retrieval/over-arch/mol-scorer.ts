import { DenseStack } from "../dense-layer.ts";
import { NORM_FLOOR, type MolOverArch } from "./mol.ts";
import type { OverArchScorer } from "./over-arch-scorer.ts";

/**
 * A mixture of logits in float64. A side is its components, one after the other, and then for each
 * task its part of the gate: user side [P_u d' + T P], item side [P_x d' + T P].
 */
export class MolScorer implements OverArchScorer {
  readonly itemWidth: number;
  readonly #mol: MolOverArch;
  readonly #pairs: number;
  readonly #userLength: number;
  readonly #itemLength: number;
  readonly #userComponents: DenseStack;
  readonly #itemComponents: DenseStack;
  readonly #gates: readonly Readonly<Record<"user" | "item" | "cross", DenseStack>>[];
  readonly #delta: Float64Array;

  constructor(mol: MolOverArch) {
    const { userGroups, itemGroups, dim, gates } = mol;
    this.#mol = mol;
    this.#pairs = userGroups * itemGroups;
    this.#userLength = userGroups * dim;
    this.#itemLength = itemGroups * dim;
    this.itemWidth = this.#itemLength + gates.length * this.#pairs;
    this.#userComponents = new DenseStack([mol.userComponents]);
    this.#itemComponents = new DenseStack([mol.itemComponents]);
    this.#gates = gates.map((gate) => ({
      user: new DenseStack(gate.user),
      item: new DenseStack([gate.item]),
      cross: new DenseStack(gate.cross),
    }));
    this.#delta = new Float64Array(this.#pairs);
  }

  userSide(features: Float64Array): Float64Array {
    const { dim, temperature } = this.#mol;
    const components = this.#userComponents.apply(features);
    normalise(components, dim);
    // Divided here, once a user, instead of once a pair.
    for (let at = 0; at < components.length; at++) components[at]! /= temperature;
    const side = new Float64Array(this.#userLength + this.#gates.length * this.#pairs);
    side.set(components);
    for (const [task, { user }] of this.#gates.entries()) {
      side.set(user.apply(features), this.#userLength + task * this.#pairs);
    }
    return side;
  }

  itemSide(features: Float64Array, out: Float64Array): void {
    const components = this.#itemComponents.apply(features);
    normalise(components, this.#mol.dim);
    out.set(components);
    for (const [task, { item }] of this.#gates.entries()) {
      out.set(item.apply(features), this.#itemLength + task * this.#pairs);
    }
  }

  logits(user: Float64Array, item: Float64Array, _products: Float64Array, out: Float64Array): void {
    this.#fillDelta(user, item);
    for (let task = 0; task < out.length; task++) {
      const gate = this.#gates[task]!.cross.apply(this.#delta);
      const ofUser = this.#userLength + task * this.#pairs;
      const ofItem = this.#itemLength + task * this.#pairs;
      for (let pair = 0; pair < this.#pairs; pair++) {
        gate[pair]! += user[ofUser + pair]! + item[ofItem + pair]!;
      }
      out[task] = softmaxMean(gate, this.#delta);
    }
  }

  #fillDelta(user: Float64Array, item: Float64Array): void {
    const { userGroups, itemGroups, dim } = this.#mol;
    for (let i = 0; i < userGroups; i++) {
      for (let j = 0; j < itemGroups; j++) {
        let sum = 0;
        for (let at = 0; at < dim; at++) sum += user[i * dim + at]! * item[j * dim + at]!;
        this.#delta[i * itemGroups + j] = sum;
      }
    }
  }
}

/** Brings each stretch of `length` numbers to the L2 norm 1; one of zeros stays. */
function normalise(values: Float64Array, length: number): void {
  for (let from = 0; from < values.length; from += length) {
    let sum = 0;
    for (let at = from; at < from + length; at++) sum += values[at]! * values[at]!;
    const norm = Math.max(Math.sqrt(sum), NORM_FLOOR);
    for (let at = from; at < from + length; at++) values[at]! /= norm;
  }
}

/** The mean of `values`, weighted by the softmax of `gate`. */
function softmaxMean(gate: Float64Array, values: Float64Array): number {
  let highest = -Infinity;
  for (let at = 0; at < gate.length; at++) highest = Math.max(highest, gate[at]!);
  let total = 0;
  let sum = 0;
  for (let at = 0; at < gate.length; at++) {
    const weight = Math.exp(gate[at]! - highest);
    total += weight;
    sum += weight * values[at]!;
  }
  return sum / total;
}
