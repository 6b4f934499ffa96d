import type { CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";

/**
 * How values of a column are told apart by a few dimensions: each is `picks` of them, a choice of its
 * own while there are choices left. So two values never look the same where the choices are as many
 * as the values, and an item of one value shows it without a doubt: a binary code of constant weight.
 * Of an item of several values all their dimensions are set, and a value may seem there that is not.
 */
export interface FoldCode {
  /** Position among the catalogue's columns. */
  readonly column: number;
  /** The first of the column's dimensions, and how many there are. */
  readonly first: number;
  readonly dims: number;
  readonly picks: number;
}

/** More would make no code better that is as short as these. */
const MOST_PICKS = 6;
/** How many dimensions are dealt out. */
export interface CodeRoom {
  /** How many there may be, ascending: as few are taken as let through little enough. */
  readonly widths: readonly number[];
  /**
   * What is little enough: so many items seem to match for each one that does, of a conjunction
   * that names a value of every column, drawn from a random item.
   */
  readonly strays: number;
  /** Of values that a smaller share of the items holds nothing need be told: they are not folded. */
  readonly leastShare: number;
}

/**
 * Deals out dimensions to the categorical columns, so that as few items as can be seem to match a
 * conjunction and do not. A column that gets none is left to the check.
 */
export function foldCodes(
  columns: readonly Column[],
  { widths, strays, leastShare }: CodeRoom,
): FoldCode[] {
  const most = widths.at(-1)!;
  const dealt = columns.flatMap((column, at) =>
    column.kind === "categorical"
      ? [{ column: at, codes: bestCodes(column, most, leastShare) }]
      : [],
  );
  // least[d]: the smallest sum of tolls that d dimensions can have, column by column.
  let least = new Float64Array(most + 1);
  const shares = dealt.map(({ codes }) => {
    const next = new Float64Array(most + 1).fill(Infinity);
    const share = new Uint32Array(most + 1);
    for (let all = 0; all <= most; all++) {
      for (let own = 0; own <= all; own++) {
        const toll = least[all - own]! + codes[own]!.toll;
        if (toll < next[all]!) [next[all], share[all]] = [toll, own];
      }
    }
    least = next;
    return share;
  });
  let left = widths.find((width) => least[width]! <= Math.log(strays)) ?? most;
  const given = shares.toReversed().map((share) => {
    const own = share[left]!;
    left -= own;
    return own;
  });
  let first = 0;
  return given.toReversed().flatMap((own, at): FoldCode[] => {
    if (own === 0) return [];
    const { column, codes } = dealt[at]!;
    const code = { column, first, dims: own, picks: codes[own]!.picks };
    first += own;
    return [code];
  });
}

/** The dimensions of a value, `picks` of them. @param value its code in the column. */
export function codeBits({ first, dims, picks }: FoldCode, value: number): number[] {
  const choices = choose(dims, picks);
  // A step without a common divisor keeps values apart, and neighbours unlike each other.
  let rank = ((value % choices) * stepOf(choices)) % choices;
  const bits: number[] = [];
  for (let dim = dims - 1, open = picks; open > 0; dim--) {
    // The combinatorial number system: so many choices have all their dimensions below this one.
    const below = choose(dim, open);
    if (rank < below) continue;
    rank -= below;
    bits.push(first + dim);
    open--;
  }
  return bits;
}

interface Sized {
  readonly picks: number;
  /** Logarithm of how many items seem to have a value for each one that has it, in the mean. */
  readonly toll: number;
}

/** The best code of a column for each number of dimensions; with none every item seems to match. */
function bestCodes(column: CategoricalColumn, most: number, leastShare: number): Sized[] {
  const shares = valueShares(column);
  const values = column.vocabulary.length;
  const { asked, others } = commonValues(column, leastShare);
  const tollOf = (error: number): number => asked * Math.log1p(others * error);
  return Array.from({ length: most + 1 }, (_, own) => {
    const choices = Array.from({ length: Math.min(MOST_PICKS, own) }, (__, at) => at + 1);
    const sized = choices.map((picks): Sized => {
      return { picks, toll: tollOf(errorOf({ dims: own, picks, values, shares })) };
    });
    return sized.reduce((best, each) => (each.toll < best.toll ? each : best), {
      picks: 0,
      toll: tollOf(1),
    });
  });
}

/** What is known of the values that enough items hold. */
interface CommonValues {
  /** How often the value of a random item is one of them. */
  readonly asked: number;
  /** How many items lack it then, for each one that has it. */
  readonly others: number;
}

function commonValues(
  { vocabulary, offsets, values }: CategoricalColumn,
  leastShare: number,
): CommonValues {
  const items = offsets.length - 1;
  const held = new Float64Array(vocabulary.length);
  for (const value of values) held[value]!++;
  const common = held.filter((count) => count > 0 && count >= leastShare * items);
  const all = common.reduce((sum, count) => sum + count, 0);
  if (all === 0) return { asked: 0, others: 0 };
  const share = common.reduce((sum, count) => sum + count * count, 0) / (items * all);
  return { asked: all / values.length, others: 1 / share - 1 };
}

interface Code {
  readonly dims: number;
  readonly picks: number;
  readonly values: number;
  /** Share of the items that have n values, for each n. */
  readonly shares: readonly number[];
}

/** How often a value that an item lacks seems there, 0..1. */
function errorOf({ dims, picks, values, shares }: Code): number {
  const alike = alikeOf(values, choose(dims, picks));
  return shares.reduce((sum, share, held) => {
    if (held === 0) return sum;
    const set = 1 - (1 - picks / dims) ** held;
    return sum + share * (held === 1 ? alike : set ** picks);
  }, 0);
}

/** How often two values have the same of so many choices, dealt out in turn. */
function alikeOf(values: number, choices: number): number {
  if (values <= choices) return 0;
  const each = Math.floor(values / choices);
  const more = values % choices;
  const pairs = more * (each + 1) * each + (choices - more) * each * (each - 1);
  return pairs / (values * (values - 1));
}

function valueShares({ offsets }: CategoricalColumn): number[] {
  const items = offsets.length - 1;
  const counts: number[] = [];
  for (let item = 0; item < items; item++) {
    const held = offsets[item + 1]! - offsets[item]!;
    counts[held] = (counts[held] ?? 0) + 1;
  }
  return Array.from(counts, (count) => (count ?? 0) / Math.max(1, items));
}

/** How many ways there are to pick some of n. */
function choose(n: number, some: number): number {
  let ways = 1;
  for (let i = 1; i <= some; i++) ways = (ways * (n - some + i)) / i;
  return n < some ? 0 : Math.round(ways);
}

/** About the golden section of a number, without a divisor in common with it. */
function stepOf(choices: number): number {
  let step = Math.max(1, Math.round(choices * 0.618));
  while (divisor(step, choices) > 1) step++;
  return step;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
