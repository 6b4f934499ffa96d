import {
  ofChunk,
  ownBinding,
  valuesPreamble,
  type RecordChunks,
  type ValuesShape,
} from "./candidate-values.ts";
import type { RecordPart } from "./item-record.ts";
import { unrolled } from "./loops.ts";

const THREADS = 128;

export interface MlpValuesShape extends ValuesShape {
  readonly heads: number;
  /** Of an item's embedding. */
  readonly dim: number;
  /** In the record: the item's part of the first layer. */
  readonly hidden: RecordPart;
  /** The item's embedding; null with one head, whose product with it is the score. */
  readonly embedding: RecordPart | null;
  /** First word of float32 [heads, width]: the products' part of the first layer. */
  readonly productsAt: number;
  readonly layers: readonly MlpLayer[];
  /** Candidates of a workgroup, a multiple of 4. */
  readonly tile: number;
}

/** A layer after the first, at word offsets of the weights. */
export interface MlpLayer {
  readonly inDim: number;
  readonly outDim: number;
  readonly weightsAt: number;
  readonly biasAt: number;
  readonly relu: boolean;
}

/** Bytes of workgroup memory that a tile takes. */
export function mlpBytes(
  shape: Pick<MlpValuesShape, "heads" | "hidden" | "layers" | "tile">,
): number {
  const [even, odd] = activationWidths(shape);
  return 4 * shape.tile * (even + odd + shape.heads + 2);
}

/** Widest activations of the even layers, counted from the first, and of the odd ones. */
function activationWidths({
  hidden,
  layers,
}: Pick<MlpValuesShape, "hidden" | "layers">): [even: number, odd: number] {
  const widths = [hidden.length, ...layers.map(({ outDim }) => outDim)];
  const widest = (rest: number): number => Math.max(...widths.filter((_, at) => at % 2 === rest));
  return [widest(0), widest(1)];
}

/**
 * OverArch and Value Model for candidates: an MLP (src/retrieval/over-arch/mlp.ts has the
 * formulas), of whose first layer the item's part lies in its record and the user's was made once
 * a request.
 *
 * A workgroup takes a tile of candidates through all layers, with activations in workgroup memory;
 * an output of four candidates a thread, so that each weight read serves four. For a candidate it
 * reads the record, width x 4 bytes (and dim x 4 with several heads), and does heads x (dim +
 * width) and the further layers' weights in multiply-adds: with 128, 64 and one head 8.4 K. 256
 * requests of 1,000 candidates: 0.13 GB and 4.3 GFLOP. Of workgroup memory and the cache 20 bytes
 * are read for 4 multiply-adds, which allows a fifth of the card's rate.
 *
 * Bindings: `valuesPreamble`, then the user's part of the first layer f32 [requests, width], bias
 * included, queries f32 [requests, heads x dim], weights f32.
 */
export function mlpValuesKernel(shape: MlpValuesShape): string {
  const { heads, hidden, layers, tile, tasks } = shape;
  const width = hidden.length;
  const quads = tile / 4;
  const [even, odd] = activationWidths(shape);
  const logits = layers.length % 2 === 0 ? "even" : "odd";
  const args = unrolled(
    tasks,
    (task) => `, ${logits}[${task * quads}u + (thread >> 2u)][thread & 3u]`,
  );
  return /* wgsl */ `
${valuesPreamble(shape)}
@group(0) @binding(${ownBinding(shape.records, 0)}) var<storage, read> user_hidden: array<f32>;
@group(0) @binding(${ownBinding(shape.records, 1)}) var<storage, read> queries: array<f32>;
@group(0) @binding(${ownBinding(shape.records, 2)}) var<storage, read> weights: array<f32>;

var<workgroup> item_records: array<u32, ${tile}>;
var<workgroup> products: array<f32, ${tile * heads}>;
var<workgroup> even: array<vec4<f32>, ${even * quads}>;
var<workgroup> odd: array<vec4<f32>, ${odd * quads}>;

${hiddenNumber(hidden, shape.records)}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let request = group.y;
  let found = tile_of(request, group.x, ${tile}u);
  let first = found.first;
  let end = found.end;
  // Bound, though with one head the products come from the scores.
  _ = &queries;
  if (first >= end) { return; }
  slot = found.chunk - first_chunk;
  if (thread < ${tile}u) {
    let at = request * params.y + min(first + thread, end - 1u);
    item_records[thread] = record_of(rows[at], found.chunk);
    ${heads === 1 ? "products[thread] = scores[at];" : ""}
  }
  workgroupBarrier();
  ${heads === 1 ? "" : headProducts(shape)}
  for (var unit = thread; unit < ${width * quads}u; unit += ${THREADS}u) {
    let h = unit % ${width}u;
    let four = unit / ${width}u * 4u;
    var sum = vec4<f32>(user_hidden[request * ${width}u + h]);
    for (var r = 0u; r < 4u; r++) { sum[r] += hidden_of(item_records[four + r], h); }
    for (var head = 0u; head < ${heads}u; head++) {
      let weight = weights[${shape.productsAt}u + head * ${width}u + h];
      for (var r = 0u; r < 4u; r++) { sum[r] += weight * products[head * ${tile}u + four + r]; }
    }
    even[h * ${quads}u + four / 4u] = max(sum, vec4<f32>(0.0));
  }
  ${layers.map((layer, at) => denseLoop(layer, at, quads)).join("\n")}
  workgroupBarrier();
  if (thread < ${tile}u && first + thread < end) {
    let at = request * params.y + first + thread;
    values[at] = ranking_value(formula(scores[at], item_records[thread]${args}));
  }
}
`;
}

/** WGSL: a number of the item's part of the first layer. */
function hiddenNumber({ precision, at }: RecordPart, records: RecordChunks): string {
  const word = `record + ${at / 4}u`;
  // A word of four, not all of them.
  const number = (buffer: string): string =>
    precision === "float32"
      ? `return bitcast<f32>(${buffer}[${word} + (h >> 2u)][h & 3u]);`
      : `return unpack2x16float(${buffer}[${word} + (h >> 3u)][(h >> 1u) & 3u])[h & 1u];`;
  return `fn hidden_of(record: u32, h: u32) -> f32 { ${ofChunk(records, number)} }`;
}

/** The products of the candidates with the queries of all heads. */
function headProducts({ heads, dim, embedding, tile }: MlpValuesShape): string {
  return /* wgsl */ `
  for (var unit = thread; unit < ${tile * heads}u; unit += ${THREADS}u) {
    let record = item_records[unit % ${tile}u] + ${embedding!.at / 4}u;
    let query = (request * ${heads}u + unit / ${tile}u) * ${dim}u;
    var sum = 0.0;
    for (var i = 0u; i < ${dim}u; i++) {
      sum += queries[query + i] * bitcast<f32>(record_quad(record + (i >> 2u))[i & 3u]);
    }
    products[unit] = sum;
  }
  workgroupBarrier();`;
}

function denseLoop(
  { inDim, outDim, weightsAt, biasAt, relu }: MlpLayer,
  at: number,
  quads: number,
): string {
  const [source, target] = at % 2 === 0 ? ["even", "odd"] : ["odd", "even"];
  return /* wgsl */ `
  workgroupBarrier();
  for (var unit = thread; unit < ${outDim * quads}u; unit += ${THREADS}u) {
    let o = unit % ${outDim}u;
    let four = unit / ${outDim}u;
    var sum = vec4<f32>(weights[${biasAt}u + o]);
    for (var i = 0u; i < ${inDim}u; i++) {
      sum += weights[${weightsAt}u + i * ${outDim}u + o] * ${source}[i * ${quads}u + four];
    }
    ${target}[o * ${quads}u + four] = ${relu ? "max(sum, vec4<f32>(0.0))" : "sum"};
  }`;
}
