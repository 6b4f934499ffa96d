import { addProduct, DenseStack } from "../dense-layer.ts";
import type { MlpOverArch } from "./mlp.ts";
import type { OverArchScorer } from "./over-arch-scorer.ts";

/** An MLP OverArch in float64. A side is its part of the first layer: [width]. */
export class MlpScorer implements OverArchScorer {
  readonly itemWidth: number;
  readonly #mlp: MlpOverArch;
  readonly #rest: DenseStack;
  readonly #hidden: Float64Array;

  constructor(mlp: MlpOverArch) {
    this.#mlp = mlp;
    this.itemWidth = mlp.first.width;
    this.#rest = new DenseStack(mlp.rest);
    this.#hidden = new Float64Array(mlp.first.width);
  }

  userSide(features: Float64Array): Float64Array {
    const side = Float64Array.from(this.#mlp.first.bias);
    addProduct(features, this.#mlp.first.user, side);
    return side;
  }

  itemSide(features: Float64Array, out: Float64Array): void {
    out.fill(0);
    addProduct(features, this.#mlp.first.item, out);
  }

  logits(user: Float64Array, item: Float64Array, products: Float64Array, out: Float64Array): void {
    const hidden = this.#hidden;
    hidden.fill(0);
    addProduct(products, this.#mlp.first.products, hidden);
    for (let at = 0; at < hidden.length; at++) {
      hidden[at] = Math.max(0, hidden[at]! + user[at]! + item[at]!);
    }
    out.set(this.#rest.apply(hidden));
  }
}
