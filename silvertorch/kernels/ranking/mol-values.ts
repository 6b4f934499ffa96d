import { ofChunk, ownBinding, valuesPreamble, type ValuesShape } from "./candidate-values.ts";
import { numbersOfLoad, quadsOfLoad, type RecordPart } from "./item-record.ts";
import { unrolled } from "./loops.ts";
import { componentQuads } from "./user-components.ts";

export interface MolValuesShape extends ValuesShape {
  readonly userGroups: number;
  readonly itemGroups: number;
  /** d' */
  readonly dim: number;
  readonly gateHidden: number;
  /** In the record: a group an item component, interleaved; and its gates, a group a task. */
  readonly components: RecordPart;
  readonly gates: RecordPart;
  /** Of each task, in `weights`. */
  readonly cross: readonly CrossGate[];
  readonly tiling: MolTiling;
}

/** How candidates are shared out among threads. */
export interface MolTiling {
  /** Of a workgroup. */
  readonly threads: number;
  /** Candidates of a thread: each weight read from workgroup memory serves all of them. */
  readonly perThread: number;
  /** Loads of a candidate's record that lie in workgroup memory at a time, for each of its groups. */
  readonly steps: number;
}

/** First vectors of a task's cross gate. */
export interface CrossGate {
  /** Of each hidden unit the weights into it, then those out of it, `pairQuads` vec4 each. */
  readonly weightsAt: number;
  /** A number a hidden unit. */
  readonly biasAt: number;
}

type UserSideShape = Pick<MolValuesShape, "userGroups" | "itemGroups" | "dim" | "tasks">;

const userComponentsQuads = ({ userGroups, dim }: UserSideShape): number =>
  componentQuads(dim) * userGroups;

/** Vectors of a user's side. */
export const userSideQuads = (shape: UserSideShape): number =>
  userComponentsQuads(shape) + shape.tasks * pairQuads(shape.userGroups * shape.itemGroups);

/** Vectors of four that a number a pair takes. */
export const pairQuads = (pairs: number): number => Math.ceil(pairs / 4);

/** The most pairs of components: what a thread holds of them is at most 8 KB. */
export const MAX_PAIRS = 1024;
/** Up to so many vectors the loops over pairs are written out, so that they stay in registers. */
const UNROLLED_QUADS = 16;
/** Vectors of workgroup memory in which weights, or a user's components, are staged: 8 KB. */
const STAGED = 512;

/** Vectors of a candidate that are staged, with one more, so that threads read from unlike banks. */
const itemStride = ({
  itemGroups,
  tiling,
}: Pick<MolValuesShape, "itemGroups" | "tiling">): number => tiling.steps * itemGroups + 1;

/** Bytes of workgroup memory that the kernel takes. */
export function molBytes(
  shape: Pick<MolValuesShape, "userGroups" | "itemGroups" | "tiling">,
): number {
  const tile = molTile(shape);
  return 16 * (STAGED + tile * itemStride(shape)) + 4 * (tile + hiddenStretch(shape));
}

/** Hidden units whose weights are staged at a time. */
const hiddenStretch = ({
  userGroups,
  itemGroups,
}: Pick<MolValuesShape, "userGroups" | "itemGroups">): number =>
  Math.max(1, Math.floor(STAGED / (2 * pairQuads(userGroups * itemGroups))));

/**
 * OverArch and Value Model for candidates: a mixture of logits (src/retrieval/over-arch/mol.ts has
 * the formulas; pairs lie item component by item component, as in graph/mol.ts).
 *
 * A thread takes a candidate or two from their records to their values. Neighbouring threads read
 * a record together, a stretch of it at a time, into workgroup memory: so each place of memory is
 * looked up once, and not by every thread on its own, which is what a card is slow at. The products
 * of components and the gate stay in registers; of the user's components four dimensions are read
 * from workgroup memory for all of the item's at once; the cross gate's weights pass through
 * workgroup memory, a stretch of hidden units at a time.
 *
 * For a candidate with P = P_u P_x pairs it reads the record, (P_x d' + T P) x 4 bytes (half of it
 * in half precision), and does P d' + 2 T P hidden multiply-adds. 8 x 4 x 64 with 128 hidden units
 * and one task: 1.2 KB and 10,240 of them. 256 requests of 2,000 candidates: 0.6 GB and 10.5
 * GFLOP, that is 0.2 ms at 3 TB/s and 0.16 ms at the 67 TFLOP/s of an H100. The cross gate reads 16
 * bytes of workgroup memory for 4 x `perThread` multiply-adds, which allows a quarter of that
 * rate with one candidate a thread, half of it with two.
 *
 * Bindings: `valuesPreamble`, then user sides vec4 [requests, quads x userGroups + tasks x
 * pairQuads]: components, four dimensions of all of them side by side, and gates with the cross
 * gate's last bias, -1e30 where a vector is filled up; and weights vec4.
 */
export function molValuesKernel(shape: MolValuesShape): string {
  const { cross, userGroups, itemGroups } = shape;
  const { threads, perThread } = shape.tiling;
  const quads = pairQuads(userGroups * itemGroups);
  const logits = (c: number): string => cross.map((_, task) => `, logit${task}_${c}`).join("");
  return /* wgsl */ `
${valuesPreamble(shape)}
@group(0) @binding(${ownBinding(shape.records, 0)}) var<storage, read> user_sides: array<vec4<f32>>;
@group(0) @binding(${ownBinding(shape.records, 1)}) var<storage, read> weights: array<vec4<f32>>;

alias Pairs = array<vec4<f32>, ${quads}>;

var<workgroup> staged: array<vec4<f32>, ${STAGED}>;
var<workgroup> staged_bias: array<f32, ${hiddenStretch(shape)}>;
var<workgroup> staged_items: array<vec4<u32>, ${molTile(shape) * itemStride(shape)}>;
/** Where the records of the tile's candidates begin. */
var<workgroup> item_records: array<u32, ${molTile(shape)}>;

fn sum_of(part: vec4<f32>) -> f32 { return dot(part, vec4<f32>(1.0)); }

/** Stages some loads of the records, from one on, of all candidates of the tile. */
fn stage_items(thread: u32, first: u32, count: u32) {
  workgroupBarrier();
  ${ofChunk(
    shape.records,
    (buffer) => `
    for (var i = thread; i < ${molTile(shape) * (itemStride(shape) - 1)}u; i += ${threads}u) {
      let candidate = i / ${itemStride(shape) - 1}u;
      let nth = i % ${itemStride(shape) - 1}u;
      if (nth < count) {
        staged_items[candidate * ${itemStride(shape)}u + nth] = ${buffer}[item_records[candidate] + first + nth];
      }
    }`,
  )}
  workgroupBarrier();
}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let request = group.y;
  let tile = tile_of(request, group.x, ${threads * perThread}u);
  if (tile.first >= tile.end) { return; }
  slot = tile.chunk - first_chunk;
  let user = request * ${userSideQuads(shape)}u;
  ${unrolled(
    perThread,
    (c) => `
  let place${c} = tile.first + ${c * threads}u + thread;
  let at${c} = request * params.y + min(place${c}, tile.end - 1u);
  let record${c} = record_of(rows[at${c}], tile.chunk);
  item_records[${c * threads}u + thread] = record${c};
  let items${c} = ${c * threads * itemStride(shape)}u + thread * ${itemStride(shape)}u;
  var delta${c}: Pairs;
  var gate${c}: Pairs;`,
  )}
  ${deltas(shape)}
  ${cross.map((gate, task) => taskLogits(shape, task, gate)).join("\n")}
  ${unrolled(
    perThread,
    (c) => `
  if (place${c} < tile.end) {
    values[at${c}] = ranking_value(formula(scores[at${c}], record${c}${logits(c)}));
  }`,
  )}
}
`;
}

/** Candidates of a workgroup. */
export const molTile = ({ tiling }: Pick<MolValuesShape, "tiling">): number =>
  tiling.threads * tiling.perThread;

const isUnrolled = ({ userGroups, itemGroups }: MolValuesShape): boolean =>
  pairQuads(userGroups * itemGroups) <= UNROLLED_QUADS;

/** Fills delta: the products of the user's components with the candidates'. */
function deltas(shape: MolValuesShape): string {
  const { userGroups, itemGroups, dim, components, tiling } = shape;
  const { threads, steps } = tiling;
  const quads = componentQuads(dim);
  const perLoad = numbersOfLoad(components.precision) / 4;
  const loads = Math.ceil(quads / perLoad);
  const most = Math.floor(STAGED / userGroups / perLoad);
  // Whole loads of an item, and whole stretches of staged ones.
  const stretch = perLoad * Math.max(Math.min(most, steps), Math.floor(most / steps) * steps);
  const each = Math.min(steps, stretch / perLoad);
  return /* wgsl */ `
  for (var start = 0u; start < ${quads}u; start += ${stretch}u) {
    let count = min(${stretch}u, ${quads}u - start);
    workgroupBarrier();
    for (var i = thread; i < ${stretch * userGroups}u; i += ${threads}u) {
      var part = vec4<f32>(0.0);
      if (i < count * ${userGroups}u) {
        part = user_sides[user + start * ${userGroups}u + i];
      }
      staged[i] = part;
    }
    workgroupBarrier();
    for (var here = 0u; here < count; here += ${each * perLoad}u) {
      let load = (start + here) / ${perLoad}u;
      let together = min(${each}u, ${loads}u - load);
      stage_items(thread, ${components.at / 4}u + load * ${itemGroups}u, together * ${itemGroups}u);
      for (var step = 0u; step < together; step++) {
        let users = (here + step * ${perLoad}u) * ${userGroups}u;
        ${isUnrolled(shape) ? unrolledProducts(shape) : loopedProducts(shape)}
      }
    }
  }`;
}

const stagedItem = ({ itemGroups }: MolValuesShape, c: number, group: string): string =>
  `staged_items[items${c} + step * ${itemGroups}u + ${group}]`;

function unrolledProducts(shape: MolValuesShape): string {
  const { userGroups, itemGroups, components } = shape;
  const { perThread } = shape.tiling;
  const perLoad = numbersOfLoad(components.precision) / 4;
  const products = unrolled(perLoad, (quad) => {
    const users = unrolled(
      userGroups,
      (i) => `let user${i} = staged[users + ${quad * userGroups + i}u];`,
    );
    const sums = unrolled(itemGroups, (j) =>
      unrolled(perThread, (c) => {
        const part = `part${j}_${c}`;
        const item = stagedItem(shape, c, `${j}u`);
        const loaded = quadsOfLoad(components.precision, item)[quad]!;
        const pairs = unrolled(userGroups, (i) => {
          const pair = j * userGroups + i;
          return `delta${c}[${pair >> 2}].${"xyzw"[pair & 3]!} += dot(user${i}, ${part});`;
        });
        return `let ${part} = ${loaded};\n${pairs}`;
      }),
    );
    return `{\n${users}\n${sums}\n}`;
  });
  return products;
}

function loopedProducts(shape: MolValuesShape): string {
  const { userGroups, itemGroups, components } = shape;
  const products = unrolled(shape.tiling.perThread, (c) =>
    quadsOfLoad(components.precision, stagedItem(shape, c, "j"))
      .map(
        (loaded, quad) => `{
          let part = ${loaded};
          for (var i = 0u; i < ${userGroups}u; i++) {
            let pair = j * ${userGroups}u + i;
            delta${c}[pair >> 2u][pair & 3u] += dot(staged[users + ${quad * userGroups}u + i], part);
          }
        }`,
      )
      .join("\n"),
  );
  return `for (var j = 0u; j < ${itemGroups}u; j++) {
    ${products}
  }`;
}

/** The logit of a task for each candidate of the thread. */
function taskLogits(shape: MolValuesShape, task: number, { weightsAt, biasAt }: CrossGate): string {
  const { userGroups, itemGroups, gateHidden, gates } = shape;
  const { threads, perThread, steps } = shape.tiling;
  const quads = pairQuads(userGroups * itemGroups);
  const stretch = hiddenStretch(shape);
  const perLoad = numbersOfLoad(gates.precision) / 4;
  const ofQuads = (body: (q: string) => string): string =>
    isUnrolled(shape)
      ? unrolled(quads, (q) => body(`${q}u`))
      : `for (var q = 0u; q < ${quads}u; q++) { ${body("q")} }`;
  const gateAt = (gates.at + task * gates.words) / 4;
  const loads = gates.words / 4;
  const most = steps * itemGroups;
  const userGate = userComponentsQuads(shape) + task * quads;
  return /* wgsl */ `
  ${unrolled(perThread, (c) =>
    ofQuads((q) => `gate${c}[${q}] = user_sides[user + ${userGate}u + ${q}];`),
  )}
  ${unrolled(Math.ceil(loads / most), (nth) => {
    const first = nth * most;
    const count = Math.min(most, loads - first);
    return `stage_items(thread, ${gateAt + first}u, ${count}u);
    ${unrolled(count, (at) =>
      unrolled(perThread, (c) =>
        quadsOfLoad(gates.precision, `staged_items[items${c} + ${at}u]`)
          .map((gate, half) => [(first + at) * perLoad + half, gate] as const)
          .filter(([quad]) => quad < quads)
          .map(([quad, gate]) => `gate${c}[${quad}] += ${gate};`)
          .join("\n"),
      ),
    )}`;
  })}
  for (var start = 0u; start < ${gateHidden}u; start += ${stretch}u) {
    let count = min(${stretch}u, ${gateHidden}u - start);
    workgroupBarrier();
    for (var i = thread; i < count * ${2 * quads}u; i += ${threads}u) {
      staged[i] = weights[${weightsAt}u + start * ${2 * quads}u + i];
    }
    for (var i = thread; i < count; i += ${threads}u) {
      staged_bias[i] = weights[${biasAt}u + ((start + i) >> 2u)][(start + i) & 3u];
    }
    workgroupBarrier();
    for (var hidden = 0u; hidden < count; hidden++) {
      let into = hidden * ${2 * quads}u;
      let out = into + ${quads}u;
      ${unrolled(perThread, (c) => `var sum${c} = vec4<f32>(0.0);`)}
      ${ofQuads(
        (q) =>
          `{ let weight = staged[into + ${q}]; ${unrolled(perThread, (c) => `sum${c} += weight * delta${c}[${q}];`)} }`,
      )}
      ${unrolled(perThread, (c) => `let unit${c} = max(0.0, staged_bias[hidden] + sum_of(sum${c}));`)}
      ${ofQuads(
        (q) =>
          `{ let weight = staged[out + ${q}]; ${unrolled(perThread, (c) => `gate${c}[${q}] += unit${c} * weight;`)} }`,
      )}
    }
  }
  ${unrolled(
    perThread,
    (c) => `
  var logit${task}_${c} = 0.0;
  {
    var most = vec4<f32>(-3e38);
    ${ofQuads((q) => `most = max(most, gate${c}[${q}]);`)}
    let highest = max(max(most.x, most.y), max(most.z, most.w));
    var total = vec4<f32>(0.0);
    var sum = vec4<f32>(0.0);
    ${ofQuads((q) => `{ let share = exp(gate${c}[${q}] - highest); total += share; sum += share * delta${c}[${q}]; }`)}
    logit${task}_${c} = sum_of(sum) / sum_of(total);
  }`,
  )}`;
}
