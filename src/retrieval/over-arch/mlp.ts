import type { Random } from "../../math/random.ts";
import { gaussianLayers, gaussianWeights, type DenseLayer } from "../dense-layer.ts";
import type { MlpSpec } from "../model-spec.ts";

/**
 * An MLP over user, item and inner products, with a logit a task:
 *
 *     h = relu(u first.user + x first.item + s first.products + first.bias)
 *     logits = rest(h)
 *
 * It is one MLP over the concatenation [u, x, s]; its first layer is kept in three parts, because
 * `x first.item` depends on the item alone.
 */
export interface MlpOverArch {
  readonly kind: "mlp";
  readonly tasks: number;
  readonly userDim: number;
  readonly itemDim: number;
  readonly heads: number;
  readonly first: MlpFirstLayer;
  /** ReLU after each but the last, which has an output a task. */
  readonly rest: readonly DenseLayer[];
}

/** All parts float32, row-major. */
export interface MlpFirstLayer {
  /** Outputs: the first of the hidden widths. */
  readonly width: number;
  /** [userDim, width] */
  readonly user: Float32Array;
  /** [itemDim, width] */
  readonly item: Float32Array;
  /** [heads, width] */
  readonly products: Float32Array;
  /** [width] */
  readonly bias: Float32Array;
}

export interface MlpOptions {
  readonly spec: MlpSpec;
  readonly tasks: number;
  readonly userDim: number;
  readonly itemDim: number;
  readonly heads: number;
  readonly random: Random;
}

/** An MLP with seeded weights. */
export function createMlp(options: MlpOptions): MlpOverArch {
  const { spec, tasks, userDim, itemDim, heads, random } = options;
  const width = spec.hidden[0]!;
  const fanIn = userDim + itemDim + heads;
  const part = (inDim: number, label: string): Float32Array =>
    gaussianWeights(inDim, width, random.fork(`mlp.first.${label}`), fanIn);
  return {
    kind: "mlp",
    tasks,
    userDim,
    itemDim,
    heads,
    first: {
      width,
      user: part(userDim, "user"),
      item: part(itemDim, "item"),
      products: part(heads, "products"),
      bias: new Float32Array(width),
    },
    rest: gaussianLayers([...spec.hidden, tasks], random, "mlp.rest"),
  };
}
