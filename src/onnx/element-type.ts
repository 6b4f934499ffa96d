/** Element types of the tensors we write and run. */
export type ElementType =
  | "float16"
  | "float32"
  | "float64"
  | "int8"
  | "uint8"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool";

/** Arrays that hold tensor elements; bool is a byte an element, float16 its 16 bits. */
export type TensorArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A tensor as it enters or leaves a session: row-major elements and their shape. */
export interface HostTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorArray;
  /**
   * Number of the table that this is the beginning of, on shared memory: it is only ever appended
   * to, so that whoever has seen some of it need look at the rest alone. The shape may have room for
   * more, which is zeros. Absent: it is of no table.
   */
  readonly appendedTo?: number;
}

interface ElementTypeFacts {
  /** Number of the type in an ONNX file. */
  readonly code: number;
  readonly bytes: number;
}

/**
 * What the ONNX format says about each element type (`TensorProto.DataType` of onnx.proto). Written out
 * here, for whoever runs graphs needs no library that writes them.
 */
export const ELEMENT_TYPES: Readonly<Record<ElementType, ElementTypeFacts>> = {
  float16: { code: 10, bytes: 2 },
  float32: { code: 1, bytes: 4 },
  float64: { code: 11, bytes: 8 },
  int8: { code: 3, bytes: 1 },
  uint8: { code: 2, bytes: 1 },
  int32: { code: 6, bytes: 4 },
  uint32: { code: 12, bytes: 4 },
  int64: { code: 7, bytes: 8 },
  uint64: { code: 13, bytes: 8 },
  bool: { code: 9, bytes: 1 },
};

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
