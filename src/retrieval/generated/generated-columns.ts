import type { Column } from "../catalogue.ts";
import { nthWord, placeKey, STREAMS, streamKey } from "./row-hash.ts";

/** Equally likely slices that a column's values are dealt out to. */
export const SLICES = 4096;
/** Bits of a random word that say which slice. */
export const SLICE_BITS = 12;
/** The first word of an item that attributes are drawn from: two a column. */
export const ATTRIBUTE_WORD = 0x10000;
/** Stands in a table where an item has no value. */
export const NO_CODE = 0xffff;

/** An attribute of generated items. */
export interface GeneratedColumn {
  readonly name: string;
  /** Texts of a categorical column by code; distinct numbers of a numeric one, ascending. */
  readonly values:
    | { readonly kind: "categorical"; readonly vocabulary: readonly string[] }
    | { readonly kind: "numeric"; readonly distinct: Float32Array };
  /** [SLICES] the code, or the rank, that a slice stands for; `NO_CODE`: none. */
  readonly table: Uint16Array<ArrayBuffer>;
  /** Values an item has at most, 1 or 2: half of the items have a second one, if it is another. */
  readonly most: number;
}

const LANGUAGES = "en es pt hi fr de ja ar id ru tr it ko vi th pl nl uk fa sv cs el hu fi";
const TOPICS =
  "music pop news sport football comedy gaming film food travel fashion fitness politics science " +
  "technology cars animals dance art beauty crime history health business";
const CREATORS = 4096;
const MEAN_AGE_DAYS = 20;
const OLDEST_DAYS = 63;
const WITHOUT_PRICE = 0.1;

/**
 * The attributes of every generated catalogue, each independent of the others and of where an item
 * lies: `lang` (24, Zipf 1.5: 45% are en), `topic` (24, Zipf 1, one or two an item), `creator`
 * (4,096, all alike), `age_days` (0 .. 63, mean 20), `price` (31 numbers, a tenth have none), `u`
 * (64 steps from 0 to 100, all alike, so that `u < 12.5` passes an eighth).
 */
export const GENERATED_COLUMNS: readonly GeneratedColumn[] = [
  categorical("lang", LANGUAGES.split(" "), { exponent: 1.5, most: 1 }),
  categorical("topic", TOPICS.split(" "), { exponent: 1, most: 2 }),
  categorical(
    "creator",
    Array.from({ length: CREATORS }, (_, code) => String(code + 1)),
    { exponent: 0, most: 1 },
  ),
  numeric("age_days", (at) => Math.min(OLDEST_DAYS, Math.floor(-MEAN_AGE_DAYS * Math.log(1 - at)))),
  numeric("price", (at) => {
    const share = (at - WITHOUT_PRICE) / (1 - WITHOUT_PRICE);
    return share < 0 ? Number.NaN : Math.floor(31 * share * share) / 2;
  }),
  numeric("u", (at) => (Math.floor(64 * at) * 100) / 64),
];

function categorical(
  name: string,
  vocabulary: readonly string[],
  { exponent, most }: { readonly exponent: number; readonly most: number },
): GeneratedColumn {
  const weights = vocabulary.map((_, code) => (code + 1) ** -exponent);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const table = new Uint16Array(SLICES);
  let before = 0;
  for (const [code, weight] of weights.entries()) {
    const end = before + weight;
    table.fill(code, Math.round((SLICES * before) / total), Math.round((SLICES * end) / total));
    before = end;
  }
  return { name, values: { kind: "categorical", vocabulary }, table, most };
}

/** @param of the number at a share of all items, 0 .. 1. */
function numeric(name: string, of: (share: number) => number): GeneratedColumn {
  const numbers = Float32Array.from({ length: SLICES }, (_, slice) => of((slice + 0.5) / SLICES));
  const distinct = Float32Array.from(new Set(numbers.filter((n) => !Number.isNaN(n)))).toSorted();
  const ranks = new Map(Array.from(distinct, (number, rank) => [number, rank]));
  const table = Uint16Array.from(numbers, (number) => ranks.get(number) ?? NO_CODE);
  return { name, values: { kind: "numeric", distinct }, table, most: 1 };
}

/** Rows whose codes are drawn, and where they go, from the beginning on. */
interface Drawn {
  readonly from: number;
  readonly to: number;
  /** The first code, or the rank, of each; `NO_CODE`: none. */
  readonly first: Uint16Array;
  /** A second code that is not the first; null: the column has none. */
  readonly second: Uint16Array | null;
}

/** Draws the attributes of items, column by column. */
export class AttributeDraw {
  readonly #stream: number;

  constructor(seed: number) {
    this.#stream = streamKey(seed, STREAMS.item);
  }

  fill(column: number, { from, to, first, second }: Drawn): void {
    const { table } = GENERATED_COLUMNS[column]!;
    const stream = this.#stream;
    const nth = ATTRIBUTE_WORD + 2 * column;
    const shift = 32 - SLICE_BITS;
    for (let row = from; row < to; row++) {
      const key = placeKey(stream, row);
      const code = table[nthWord(key, nth) >>> shift]!;
      first[row - from] = code;
      if (second === null) continue;
      const word = nthWord(key, nth + 1);
      const other = table[word >>> shift]!;
      second[row - from] = (word & 1) === 0 || other === code ? NO_CODE : other;
    }
  }
}

/**
 * The columns with all their vocabularies, numbers and counts of values, but of as few items as show
 * them: for whoever needs to know what there may be, and not of which item.
 */
export function columnOutlines(): Column[] {
  return GENERATED_COLUMNS.map(({ name, values, most }): Column => {
    if (values.kind === "numeric") return { kind: "numeric", name, values: values.distinct };
    const { vocabulary } = values;
    const codes = Uint32Array.from({ length: most }, (_, code) => code);
    return {
      kind: "categorical",
      name,
      vocabulary,
      offsets: Uint32Array.of(0, most),
      values: codes,
    };
  });
}

/** What share of the items holds each value of each column, by code or by rank. */
export function valueShares(): { readonly kind: Column["kind"]; readonly shares: Float64Array }[] {
  return GENERATED_COLUMNS.map(({ values, table, most }) => {
    const count = values.kind === "numeric" ? values.distinct.length : values.vocabulary.length;
    const first = new Float64Array(count);
    for (const code of table) if (code !== NO_CODE) first[code]! += 1 / SLICES;
    // Half of the items are dealt a second value, which counts where the first is another.
    const shares = first.map((share) => (most === 1 ? share : share + (share * (1 - share)) / 2));
    return { kind: values.kind, shares };
  });
}
