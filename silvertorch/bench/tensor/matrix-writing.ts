import { BLOCK, type Output } from "./scan-form.ts";

/** WGSL of how sums that lie in workgroup memory are scaled and written, by a subgroup of 32. */
export interface MatrixWriting {
  readonly declare: string;
  /** Before all queries; it may use `first`, the subgroup's first item, and `lane`. */
  readonly prepare: string;
  /** After 16 queries from `base` on, whose sums are from `stage` on, a row each. */
  readonly run: string;
}

export interface SumsPlace {
  /** Items of a subgroup, a multiple of 32, and subgroups. */
  readonly items: number;
  readonly subgroups: number;
  /** Vectors from a query's sums to the next one's. */
  readonly row: number;
  /** What a code of 1 of query `query` (counted from `base`) stands for. */
  readonly stepOf: string;
  /** Where the items' scales are, of `maxima`; of `scores` a lane has the same four all the time. */
  readonly scalesIn: "registers" | "workgroup";
}

const QUERIES = 16;
const LANES = 32;

export const MATRIX_WRITINGS: Readonly<Record<Output, (place: SumsPlace) => MatrixWriting>> = {
  scores,
  maxima,
};

/** A lane takes four items of a query at a time. */
function scores({ items, row, stepOf }: SumsPlace): MatrixWriting {
  const lanes = items / 4;
  const atOnce = LANES / lanes;
  const keys = ["x", "y", "z", "w"].map((at) => `key_of(score.${at})`).join(", ");
  return {
    declare: "",
    prepare: /* wgsl */ `let four = lane % ${lanes}u;
  let scale = scales[first / 4u + four];`,
    run: /* wgsl */ `for (var round = 0u; round < ${QUERIES / atOnce}u; round++) {
      let query = round * ${atOnce}u + lane / ${lanes}u;
      let score = vec4<f32>(sums[stage + query * ${row}u + four]) * scale * ${stepOf};
      results[((base + query) * part.y + within) / 4u + four] = select(vec4<u32>(${keys}), vec4<u32>(NONE), scale < vec4<f32>(0.0));
    }`,
  };
}

/** A lane takes half of the items of a block and a query. */
function maxima({ items, subgroups, row, stepOf, scalesIn }: SumsPlace): MatrixWriting {
  const blocks = Array.from({ length: items / BLOCK }, (_, block) => block);
  const fours = Array.from({ length: BLOCK / 2 / 4 }, (_, four) => four);
  const inRegisters = scalesIn === "registers";
  const at = (block: number, four: number): string => `half * 4u + ${(block * BLOCK) / 4 + four}u`;
  const [scaleOf, leastOf] = ["scale", "least"].map(
    (name) =>
      (block: number, four: number): string =>
        inRegisters
          ? `${name}${block}_${four}`
          : `held_${name}[subgroup * ${items / 4}u + ${at(block, four)}]`,
  ) as [(block: number, four: number) => string, (block: number, four: number) => string];
  const scaled = (block: number, four: number): string =>
    `fma(vec4<f32>(sums[stage + query * ${row}u + ${at(block, four)}]), ${scaleOf(block, four)}, ${leastOf(block, four)})`;
  // An item that is not there has a scale of 0 and the lowest number added.
  const prepared = (block: number, four: number): string => /* wgsl */ `
  let given${block}_${four} = scales[first / 4u + ${at(block, four)}];
  let scale${block}_${four} = max(given${block}_${four}, vec4<f32>(0.0));
  let least${block}_${four} = select(vec4<f32>(0.0), vec4<f32>(LOWEST), given${block}_${four} < vec4<f32>(0.0));`;
  const best = (block: number): string => /* wgsl */ `{
      var most = ${scaled(block, 0)};
      ${fours
        .slice(1)
        .map((four) => `most = max(most, ${scaled(block, four)});`)
        .join("\n      ")}
      let mine = max(max(most.x, most.y), max(most.z, most.w));
      let best = max(mine, subgroupShuffleXor(mine, ${QUERIES}u));
      if (half == 0u) {
        results[(within / ${BLOCK}u + ${block}u) * part.z + base + query] = select(key_of(best * step), NONE, best == LOWEST);
      }
    }`;
  const vectors = (subgroups * items) / 4;
  return {
    declare: inRegisters
      ? ""
      : /* wgsl */ `var<workgroup> held_scale: array<vec4<f32>, ${vectors}>;
var<workgroup> held_least: array<vec4<f32>, ${vectors}>;`,
    prepare: /* wgsl */ `let query = lane % ${QUERIES}u;
  let half = lane / ${QUERIES}u;
  ${
    inRegisters
      ? blocks.flatMap((block) => fours.map((four) => prepared(block, four))).join("")
      : /* wgsl */ `
  for (var i = lane; i < ${items / 4}u; i += ${LANES}u) {
    let given = scales[first / 4u + i];
    held_scale[subgroup * ${items / 4}u + i] = max(given, vec4<f32>(0.0));
    held_least[subgroup * ${items / 4}u + i] = select(vec4<f32>(0.0), vec4<f32>(LOWEST), given < vec4<f32>(0.0));
  }`
  }`,
    run: /* wgsl */ `let step = ${stepOf};
    ${blocks.map(best).join("\n    ")}`,
  };
}
