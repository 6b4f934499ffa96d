import { createRequire } from "node:module";
import type onnxProto from "onnx-proto";
import { HarnessError } from "../errors.ts";
import { ELEMENT_TYPES, elementCount, type ElementType, type TensorArray } from "./element-type.ts";
import type { StoredTensor } from "./weights-file.ts";

// An import would first go through all of its text for names to export: two thirds of the time.
const { onnx } = createRequire(import.meta.url)("onnx-proto") as typeof onnxProto;
const { AttributeType } = onnx.AttributeProto;

declare const valueBrand: unique symbol;
/** A value that flows in a graph: the name it has in the file. */
export type Value = string & { readonly [valueBrand]: true };

/** Stands for an optional input of an operator that is left out. */
export const NONE = "" as Value;

/** A dimension: a number, or a name for one that is only known when the graph runs. */
export type Dim = number | string;

/** An integer is written as INT, {float: x} as FLOAT, a builder as GRAPH. */
export type Attribute =
  | number
  | readonly number[]
  | string
  | { readonly float: number }
  | GraphBuilder;

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** "" is ONNX itself; "com.microsoft" ONNX Runtime's own operators. */
  readonly domain?: string;
}

/** Operator set of ONNX: 18 is the first with bitwise operators and scatters that reduce. */
const OPSET = 18;
/** Version of the file format that goes with it. */
const IR_VERSION = 8;
/** Constants above this belong into the weights file, where they can be mapped and shared. */
const MAX_INLINE_BYTES = 1024;

/**
 * Writes a graph, one operator a call: `const scores = graph.node("MatMul", [query, items])`.
 * Nodes run in the order in which they were added. Names are made here, so layers that are built
 * apart never clash.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #parent: GraphBuilder | null;
  readonly #nodes: onnxProto.onnx.INodeProto[] = [];
  readonly #graphs: GraphBuilder[] = [];
  readonly #inputs: onnxProto.onnx.IValueInfoProto[] = [];
  readonly #outputs: onnxProto.onnx.IValueInfoProto[] = [];
  readonly #initializers = new Map<string, onnxProto.onnx.ITensorProto>();
  readonly #taken: Map<string, number>;

  constructor(name: string, parent: GraphBuilder | null = null) {
    this.#name = name;
    this.#parent = parent;
    this.#taken = parent === null ? new Map() : parent.#taken;
  }

  /** A graph inside this one (a branch of If, the body of Loop); it may use the values outside. */
  subgraph(name: string): GraphBuilder {
    const inner = new GraphBuilder(name, this);
    this.#graphs.push(inner);
    return inner;
  }

  input(name: string, type: ElementType, dims: readonly Dim[]): Value {
    const value = this.#parent === null ? (name as Value) : this.#fresh(name);
    this.#inputs.push(valueInfo(value, type, dims));
    return value;
  }

  /** Names a value as a result of the graph, in the order of the calls. */
  output(name: string, value: Value, type: ElementType, dims: readonly Dim[]): void {
    const result = this.#parent === null ? (name as Value) : this.#fresh(name);
    this.#nodes.push({ opType: "Identity", input: [value], output: [result] });
    this.#outputs.push(valueInfo(result, type, dims));
  }

  /**
   * A small constant inside the file.
   * @throws HarnessError INTERNAL if it is over 1 KiB: that belongs into the weights file.
   */
  constant(type: ElementType, dims: readonly number[], data: TensorArray): Value {
    const { code, bytes } = ELEMENT_TYPES[type];
    if (data.byteLength > MAX_INLINE_BYTES || data.byteLength !== elementCount(dims) * bytes) {
      throw new HarnessError(
        "INTERNAL",
        `a constant ${type}[${dims.join(", ")}] came with ${data.byteLength} bytes (inline limit ${MAX_INLINE_BYTES})`,
      );
    }
    const name = this.#fresh("constant");
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    this.#initializers.set(name, { name, dims: [...dims], dataType: code, rawData });
    return name;
  }

  /** An int64 vector, the type most operators want for axes, shapes and counts. */
  ints(...values: number[]): Value {
    return this.constant("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A tensor of the weights file; asked for twice, it is the same value. */
  weight(tensor: StoredTensor): Value {
    const root = this.#root();
    const name = `weight.${tensor.name}` as Value;
    root.#initializers.set(name, {
      name,
      dims: [...tensor.dims],
      dataType: ELEMENT_TYPES[tensor.type].code,
      dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
      externalData: [
        { key: "location", value: tensor.file },
        { key: "offset", value: String(tensor.offset) },
        { key: "length", value: String(tensor.bytes) },
      ],
    });
    return name;
  }

  /** The value as another element type. */
  cast(value: Value, type: ElementType): Value {
    return this.node("Cast", [value], { attributes: { to: ELEMENT_TYPES[type].code } });
  }

  /** The value in another shape; 0 keeps a dimension, one -1 takes what is left. */
  reshape(value: Value, ...dims: number[]): Value {
    return this.node("Reshape", [value, this.ints(...dims)]);
  }

  /** Adds an operator with one result. */
  node(op: string, inputs: readonly Value[], options: NodeOptions = {}): Value {
    const [result] = this.nodes(op, inputs, 1, options);
    return result!;
  }

  /** Adds an operator with several results. */
  nodes(op: string, inputs: readonly Value[], results: number, options: NodeOptions = {}): Value[] {
    const output = Array.from({ length: results }, () => this.#fresh(op));
    this.#nodes.push({
      opType: op,
      name: output[0]!,
      domain: options.domain ?? "",
      input: [...inputs],
      output,
      attribute: Object.entries(options.attributes ?? {}).map(([name, value]) =>
        attributeProto(name, value),
      ),
    });
    return output;
  }

  /** The operators in use, in the graphs inside as well. */
  operators(): Set<string> {
    const inside = this.#graphs.flatMap((graph) => [...graph.operators()]);
    return new Set([...this.#nodes.map(({ opType }) => opType!), ...inside]);
  }

  /** The file's bytes: the graph without the weights that lie in the weights file. */
  toBytes(): Uint8Array {
    return onnx.ModelProto.encode({
      irVersion: IR_VERSION,
      producerName: "silverbench",
      opsetImport: [
        { domain: "", version: OPSET },
        { domain: "com.microsoft", version: 1 },
      ],
      graph: this.toProto(),
    }).finish();
  }

  /** @internal used for the graphs inside. */
  toProto(): onnxProto.onnx.IGraphProto {
    return {
      name: this.#name,
      node: this.#nodes,
      input: this.#inputs,
      output: this.#outputs,
      initializer: [...this.#initializers.values()],
    };
  }

  #root(): GraphBuilder {
    return this.#parent === null ? this : this.#parent.#root();
  }

  #fresh(stem: string): Value {
    const count = (this.#taken.get(stem) ?? 0) + 1;
    this.#taken.set(stem, count);
    return `${stem}.${count}` as Value;
  }
}

function attributeProto(name: string, value: Attribute): onnxProto.onnx.IAttributeProto {
  if (value instanceof GraphBuilder) return { name, type: AttributeType.GRAPH, g: value.toProto() };
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: Buffer.from(value) };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

function valueInfo(
  name: string,
  type: ElementType,
  dims: readonly Dim[],
): onnxProto.onnx.IValueInfoProto {
  const dim = dims.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[type].code, shape: { dim } } } };
}
