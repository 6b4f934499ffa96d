import { elementCount, type HostTensor, type TensorArray } from "./element-type.ts";

/** An input's values as they were last seen here. */
interface Seen {
  readonly table: number;
  readonly memory: TensorArray;
  /** Elements that are of the table. */
  elements: number;
}

/**
 * Inputs that are only ever appended to. They come on memory that is shared between threads, which
 * ONNX Runtime does not take, so that they are copied: each element once, when it is new. Behind them
 * are zeros, as many as the shape has room for.
 */
export class GrowingInputs {
  readonly #seen = new Map<string, Seen>();

  /** The tensor on memory of this thread's; others as they are. */
  held(name: string, tensor: HostTensor): HostTensor {
    const { appendedTo: table, dims, data } = tensor;
    if (table === undefined) return tensor;
    const elements = elementCount(dims);
    const seen = this.#roomFor(name, { table, elements, data });
    if (data.length > seen.elements) {
      const added = data.subarray(seen.elements);
      seen.memory.set(added as typeof data & ArrayLike<never>, seen.elements);
      seen.elements = data.length;
    }
    return { ...tensor, data: seen.memory.subarray(0, elements) };
  }

  #roomFor(
    name: string,
    {
      table,
      elements,
      data,
    }: { readonly table: number; readonly elements: number; readonly data: TensorArray },
  ): Seen {
    const known = this.#seen.get(name);
    const isKnown = known !== undefined && known.table === table;
    if (isKnown && known.memory.length >= elements) return known;
    const Kind = data.constructor as new (elements: number) => TensorArray;
    const seen = { table, memory: new Kind(2 * elements), elements: 0 };
    this.#seen.set(name, seen);
    return seen;
  }
}
