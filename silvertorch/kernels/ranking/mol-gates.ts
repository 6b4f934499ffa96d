import { ofChunk } from "./candidate-values.ts";
import { numbersOfLoad, quadsOfLoad } from "./item-record.ts";
import { unrolled } from "./loops.ts";
import {
  type CrossGate,
  hiddenStretch,
  isUnrolled,
  type MolValuesShape,
  pairQuads,
  userComponentsQuads,
} from "./mol-shape.ts";

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

/** WGSL of the logit of a task for each candidate of the thread. */
export function taskLogits(
  shape: MolValuesShape,
  task: number,
  { weightsAt, biasAt }: CrossGate,
): string {
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
