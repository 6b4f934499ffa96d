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

/**
 * OverArch and Value Model for candidates: a mixture of logits (src/retrieval/over-arch/mol.ts has
 * the formulas; pairs lie item component by item component, as in graph/mol.ts).
 *
 * A thread takes a candidate or two from their records to their values. The products of components
 * and the gate stay in its registers; four dimensions of all of an item's components lie side by
 * side, so that a thread has them on their way at once, and those of the user's are read from
 * workgroup memory; the cross gate's weights pass through workgroup memory, a stretch of hidden
 * units at a time.
 *
 * For a candidate with P = P_u P_x pairs it reads the record, (P_x d' + T P) x 4 bytes (half of it
 * in half precision), and does P d' + 2 T P hidden multiply-adds. 8 x 4 x 64 with 128 hidden units
 * and one task: 1.2 KB and 10,240 of them. 256 requests of 2,000 candidates: 0.6 GB and 10.5
 * GFLOP, that is 0.2 ms at 3 TB/s and 0.16 ms at the 67 TFLOP/s of an H100. The cross gate reads 16
 * bytes of workgroup memory for 4 x `perThread` multiply-adds, which allows a quarter of that
 * rate with one candidate a thread, half of it with two. Measured there, over 10M items (npm run
 * bench:ranking): 1.06 ms in float32, 0.52 ms in half precision, 20 TFLOP/s. What it waits for is
 * memory at random: passing records through workgroup memory was slower (1.4 and 0.64 ms).
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

fn sum_of(part: vec4<f32>) -> f32 { return dot(part, vec4<f32>(1.0)); }

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
export const molTile = ({ tiling }: MolValuesShape): number => tiling.threads * tiling.perThread;

/** Hidden units whose weights are staged at a time. */
const hiddenStretch = ({ userGroups, itemGroups }: MolValuesShape): number =>
  Math.max(1, Math.floor(STAGED / (2 * pairQuads(userGroups * itemGroups))));

const isUnrolled = ({ userGroups, itemGroups }: MolValuesShape): boolean =>
  pairQuads(userGroups * itemGroups) <= UNROLLED_QUADS;

/** Fills delta: the products of the user's components with the candidates'. */
function deltas(shape: MolValuesShape): string {
  const { userGroups, dim, components } = shape;
  const { threads } = shape.tiling;
  const quads = componentQuads(dim);
  const perLoad = numbersOfLoad(components.precision) / 4;
  // Whole loads of an item.
  const stretch = Math.floor(STAGED / userGroups / perLoad) * perLoad;
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
    for (var here = 0u; here < count; here += ${perLoad}u) {
      let load = (start + here) / ${perLoad}u;
      let users = here * ${userGroups}u;
      ${isUnrolled(shape) ? unrolledProducts(shape) : loopedProducts(shape)}
    }
  }`;
}

const itemAt = ({ components }: MolValuesShape, c: number, group: string): string =>
  `record${c} + ${components.at / 4}u + load * ${components.groups}u + ${group}`;

function unrolledProducts(shape: MolValuesShape): string {
  const { userGroups, itemGroups, components } = shape;
  const { perThread } = shape.tiling;
  const ofItems = (body: (j: number, c: number) => string): string =>
    unrolled(itemGroups, (j) => unrolled(perThread, (c) => body(j, c)));
  const items = `${ofItems((j, c) => `var item${j}_${c}: vec4<u32>;`)}
    ${ofChunk(shape.records, (buffer) =>
      ofItems((j, c) => `item${j}_${c} = ${buffer}[${itemAt(shape, c, `${j}u`)}];`),
    )}`;
  const perLoad = numbersOfLoad(components.precision) / 4;
  const products = unrolled(perLoad, (quad) => {
    const users = unrolled(
      userGroups,
      (i) => `let user${i} = staged[users + ${quad * userGroups + i}u];`,
    );
    const sums = unrolled(itemGroups, (j) =>
      unrolled(perThread, (c) => {
        const part = `part${j}_${c}`;
        const loaded = quadsOfLoad(components.precision, `item${j}_${c}`)[quad]!;
        const pairs = unrolled(userGroups, (i) => {
          const pair = j * userGroups + i;
          return `delta${c}[${pair >> 2}].${"xyzw"[pair & 3]!} += dot(user${i}, ${part});`;
        });
        return `let ${part} = ${loaded};\n${pairs}`;
      }),
    );
    return `{\n${users}\n${sums}\n}`;
  });
  return `${items}\n${products}`;
}

function loopedProducts(shape: MolValuesShape): string {
  const { userGroups, itemGroups, components } = shape;
  const { perThread } = shape.tiling;
  const products = unrolled(perThread, (c) =>
    quadsOfLoad(components.precision, `item${c}`)
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
    ${unrolled(perThread, (c) => `let item${c} = record_quad(${itemAt(shape, c, "j")});`)}
    ${products}
  }`;
}

/** Adds the item's part of a task's gate, all of it on its way at once where pairs are few. */
function itemGates(shape: MolValuesShape, task: number): string {
  const { userGroups, itemGroups, gates, records } = shape;
  const { perThread } = shape.tiling;
  const perLoad = numbersOfLoad(gates.precision) / 4;
  const quads = pairQuads(userGroups * itemGroups);
  const loads = gates.words / 4;
  const first = (c: number): string => `record${c} + ${(gates.at + task * gates.words) / 4}u`;
  if (!isUnrolled(shape)) {
    const gate = (c: number): string =>
      perLoad === 1
        ? `bitcast<vec4<f32>>(record_quad(${first(c)} + q))`
        : `half_quad(record_quad(${first(c)} + q / 2u), q % 2u)`;
    return `for (var q = 0u; q < ${quads}u; q++) {
      ${unrolled(perThread, (c) => `gate${c}[q] += ${gate(c)};`)}
    }`;
  }
  const ofLoads = (body: (at: number, c: number) => string): string =>
    unrolled(loads, (at) => unrolled(perThread, (c) => body(at, c)));
  return `{
    ${ofLoads((at, c) => `var load${at}_${c}: vec4<u32>;`)}
    ${ofChunk(records, (buffer) =>
      ofLoads((at, c) => `load${at}_${c} = ${buffer}[${first(c)} + ${at}u];`),
    )}
    ${ofLoads((at, c) =>
      quadsOfLoad(gates.precision, `load${at}_${c}`)
        .slice(0, quads - at * perLoad)
        .map((gate, half) => `gate${c}[${at * perLoad + half}u] += ${gate};`)
        .join("\n"),
    )}
  }`;
}

/** The logit of a task for each candidate of the thread. */
function taskLogits(shape: MolValuesShape, task: number, { weightsAt, biasAt }: CrossGate): string {
  const { userGroups, itemGroups, gateHidden } = shape;
  const { threads, perThread } = shape.tiling;
  const quads = pairQuads(userGroups * itemGroups);
  const stretch = hiddenStretch(shape);
  const ofQuads = (body: (q: string) => string): string =>
    isUnrolled(shape)
      ? unrolled(quads, (q) => body(`${q}u`))
      : `for (var q = 0u; q < ${quads}u; q++) { ${body("q")} }`;
  const userGate = userComponentsQuads(shape) + task * quads;
  return /* wgsl */ `
  ${unrolled(perThread, (c) => ofQuads((q) => `gate${c}[${q}] = user_sides[user + ${userGate}u + ${q}];`))}
  ${itemGates(shape, task)}
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
