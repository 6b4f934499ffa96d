import type { Value } from "../../src/onnx/graph-builder.ts";

/** What an OverArch scores. */
export interface OverArchInputs {
  /** float32 [batch, userDim] */
  readonly features: Value;
  /** int64 [batch, candidates] */
  readonly rows: Value;
  /** float32 [batch, candidates, heads]: inner products with every head's query. */
  readonly products: () => Value;
}
