import { BLOCK, type Output } from "./scan-form.ts";

/** WGSL of how sums that lie in workgroup memory are scaled and written, by a subgroup of 32. */
export interface MatrixWriting {
  /** Before all queries; it may use `first`, the subgroup's first item, and `lane`. */
  readonly prepare: string;
  /** After 16 queries from `base` on, whose sums are from `stage` on, a column each. */
  readonly run: string;
}

interface Place {
  /** Items of a subgroup, a multiple of 32. */
  readonly items: number;
  /** Words from a query's sums to the next one's. */
  readonly column: number;
  /** What a code of 1 of query `query` (counted from `base`) stands for. */
  readonly stepOf: string;
}

const QUERIES = 16;
const LANES = 32;

type Writings = Readonly<
  Record<"word" | "vector", Readonly<Record<Output, (place: Place) => MatrixWriting>>>
>;

/** A lane an item, by words; or each lane four items, by vectors, of a query or, of maxima, of half a block. */
export const MATRIX_WRITINGS: Writings = {
  word: { scores: scoresByWords, maxima: maximaByWords },
  vector: { scores: scoresByVectors, maxima: maximaByVectors },
};

const ofBlocks = (items: number, write: (block: number) => string): string =>
  Array.from({ length: items / BLOCK }, (_, block) => write(block)).join("\n      ");

const scalesByWords = (items: number): string =>
  ofBlocks(items, (block) => `let scale${block} = scales[first + ${block * BLOCK}u + lane];`);

const keyByWords = (block: number, column: number): string =>
  `select(key_of(f32(sums[stage + query * ${column}u + ${block * BLOCK}u + lane]) * scale${block} * step), NONE, scale${block} < 0.0)`;

function scoresByWords({ items, column, stepOf }: Place): MatrixWriting {
  return {
    prepare: scalesByWords(items),
    run: /* wgsl */ `for (var query = 0u; query < ${QUERIES}u; query++) {
      let step = ${stepOf};
      let at = (base + query) * part.y + within + lane;
      ${ofBlocks(items, (block) => `results[at + ${block * BLOCK}u] = ${keyByWords(block, column)};`)}
    }`,
  };
}

function maximaByWords({ items, column, stepOf }: Place): MatrixWriting {
  return {
    prepare: scalesByWords(items),
    run: /* wgsl */ `${ofBlocks(items, (block) => `var best${block} = NONE;`)}
    for (var query = 0u; query < ${QUERIES}u; query++) {
      let step = ${stepOf};
      ${ofBlocks(items, (block) => `let most${block} = subgroupMax(${keyByWords(block, column)}); if (lane == query) { best${block} = most${block}; }`)}
    }
    if (lane < ${QUERIES}u) {
      ${ofBlocks(items, (block) => `results[(within / ${BLOCK}u + ${block}u) * part.z + base + lane] = best${block};`)}
    }`,
  };
}

function scoresByVectors({ items, column, stepOf }: Place): MatrixWriting {
  const lanes = items / 4;
  const atOnce = LANES / lanes;
  const keys = ["x", "y", "z", "w"].map((at) => `key_of(score.${at})`).join(", ");
  return {
    prepare: /* wgsl */ `let four = lane % ${lanes}u;
  let scale = scales[first / 4u + four];`,
    run: /* wgsl */ `for (var round = 0u; round < ${QUERIES / atOnce}u; round++) {
      let query = round * ${atOnce}u + lane / ${lanes}u;
      let score = vec4<f32>(sums[stage + query * ${column / 4}u + four]) * scale * ${stepOf};
      results[((base + query) * part.y + within) / 4u + four] = select(vec4<u32>(${keys}), vec4<u32>(NONE), scale < vec4<f32>(0.0));
    }`,
  };
}

function maximaByVectors({ items, column, stepOf }: Place): MatrixWriting {
  const fours = Array.from({ length: BLOCK / 2 / 4 }, (_, four) => four);
  const scaled = (block: number, four: number): string =>
    `fma(vec4<f32>(sums[stage + query * ${column / 4}u + half * 4u + ${(block * BLOCK) / 4 + four}u]), scale${block}_${four}, least${block}_${four})`;
  return {
    // An item that is not there has a scale of 0 and the lowest number added.
    prepare: /* wgsl */ `let query = lane % ${QUERIES}u;
  let half = lane / ${QUERIES}u;
  ${ofBlocks(items, (block) =>
    fours
      .map(
        (
          four,
        ) => `let given${block}_${four} = scales[first / 4u + half * 4u + ${(block * BLOCK) / 4 + four}u];
      let scale${block}_${four} = max(given${block}_${four}, vec4<f32>(0.0));
      let least${block}_${four} = select(vec4<f32>(0.0), vec4<f32>(LOWEST), given${block}_${four} < vec4<f32>(0.0));`,
      )
      .join("\n      "),
  )}`,
    run: /* wgsl */ `let step = ${stepOf};
    ${ofBlocks(
      items,
      (block) => /* wgsl */ `{
        var most = ${scaled(block, 0)};
        ${fours
          .slice(1)
          .map((four) => `most = max(most, ${scaled(block, four)});`)
          .join("\n        ")}
        let mine = max(max(most.x, most.y), max(most.z, most.w));
        let best = max(mine, subgroupShuffleXor(mine, ${QUERIES}u));
        if (half == 0u) {
          results[(within / ${BLOCK}u + ${block}u) * part.z + base + query] = select(key_of(best * step), NONE, best == LOWEST);
        }
      }`,
    )}`,
  };
}
