import onnxProto from "onnx-proto";
import { expect, test } from "vitest";
import { ELEMENT_TYPES, type ElementType } from "./element-type.ts";

const { DataType } = onnxProto.onnx.TensorProto;

/** What onnx.proto calls each of them. */
const NAMES: Readonly<Record<ElementType, keyof typeof DataType>> = {
  float16: "FLOAT16",
  float32: "FLOAT",
  float64: "DOUBLE",
  int8: "INT8",
  uint8: "UINT8",
  int32: "INT32",
  uint32: "UINT32",
  int64: "INT64",
  uint64: "UINT64",
  bool: "BOOL",
};

test("the numbers of element types are those of the ONNX format", () => {
  const told = Object.entries(ELEMENT_TYPES).map(([type, { code }]) => [type, code]);
  const wanted = Object.entries(NAMES).map(([type, name]) => [type, DataType[name]]);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(wanted));
});
