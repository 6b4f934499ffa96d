import { HarnessError } from "../errors.ts";
import type { Device } from "./device.ts";
import type { GraphBuilder } from "./graph-builder.ts";

/**
 * Operators of which ONNX Runtime 1.29's CUDA provider has a kernel for the types that our graphs
 * use, from its docs/OperatorKernels.md. Of others a graph would run between two copies on the
 * processor. Not among them: every operator on bits, Unique, MatMulIntegerToFloat; Equal of bytes,
 * Where and TopK of unsigned 32 and 64 bits; MatMulInteger of unsigned bytes.
 */
const CUDA_OPERATORS: ReadonlySet<string> = new Set(
  [
    "Abs Add And Cast Concat Div Equal Exp Expand FusedMatMul Gather GatherElements GatherND Gemm",
    "Greater GreaterOrEqual Identity If IsNaN Less LessOrEqual Log MatMul MatMulInteger Max Min Mul Neg Not",
    "Or Pow QuantizeLinear Range ReduceL2 ReduceMax ReduceSum Relu Reshape Scan ScatterElements",
    "Shape Slice Softmax Split Sqrt Squeeze Sub TopK Transpose Unsqueeze Where Xor",
  ].flatMap((line) => line.split(" ")),
);

/**
 * Checks before it is written that a graph can run on its device as a whole.
 * @throws HarnessError INTERNAL naming the operators that it has no kernel for.
 */
export function requireKernels(graph: GraphBuilder, device: Device): void {
  if (device !== "cuda") return;
  const missing = [...graph.operators()].filter((operator) => !CUDA_OPERATORS.has(operator));
  if (missing.length === 0) return;
  throw new HarnessError("INTERNAL", `CUDA has no kernel for ${missing.join(", ")}`, {
    where: "graph",
  });
}
