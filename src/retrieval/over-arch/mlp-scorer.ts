import { DenseStack } from "../dense-layer.ts";
import type { MlpOverArch } from "./mlp.ts";
import type { OverArchScorer } from "./over-arch-scorer.ts";

/** An MLP OverArch in float64. A side is its part of the first layer: [width]. */
export class MlpScorer implements OverArchScorer {
  readonly itemWidth: number;
  readonly #user: DenseStack;
  readonly #item: DenseStack;
  readonly #products: DenseStack;
  readonly #rest: DenseStack;

  constructor({ first, rest, userDim, itemDim, heads }: MlpOverArch) {
    const { width } = first;
    const part = (weights: Float32Array, inDim: number, bias: Float32Array): DenseStack =>
      new DenseStack([{ weights, bias, inDim, outDim: width, relu: false }]);
    const none = new Float32Array(width);
    this.itemWidth = width;
    this.#user = part(first.user, userDim, first.bias);
    this.#item = part(first.item, itemDim, none);
    this.#products = part(first.products, heads, none);
    this.#rest = new DenseStack(rest);
  }

  userSide(features: Float64Array): Float64Array {
    return Float64Array.from(this.#user.apply(features));
  }

  itemSide(features: Float64Array, out: Float64Array): void {
    out.set(this.#item.apply(features));
  }

  logits(user: Float64Array, item: Float64Array, products: Float64Array, out: Float64Array): void {
    const hidden = this.#products.apply(products);
    for (let at = 0; at < hidden.length; at++) {
      hidden[at] = Math.max(0, hidden[at]! + user[at]! + item[at]!);
    }
    out.set(this.#rest.apply(hidden));
  }
}
