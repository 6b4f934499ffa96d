import type { Column } from "../retrieval/catalogue.ts";
import { ColumnBuilder, Vocabulary } from "./column-builder.ts";

export interface RankedWord {
  readonly word: string;
  /** 1 for the most frequent. */
  readonly rank: number;
}

/** A categorical attribute: the values a word has. */
type Traits = Readonly<Record<string, (word: RankedWord) => readonly string[]>>;

const signsOf = (word: string): readonly string[] => Array.from(word);

const lettersOf = (word: string): readonly string[] => word.match(/\p{L}/gu) ?? [];

/** The first or last sign: a letter is itself, the rest goes by class. */
function signClass(sign: string): string {
  if (/\p{L}/u.test(sign)) return sign;
  return /\p{Nd}/u.test(sign) ? "digit" : "other";
}

function bandOf(rank: number): string {
  if (rank <= 1_000) return "top1k";
  if (rank <= 10_000) return "top10k";
  return rank <= 100_000 ? "top100k" : "rest";
}

/**
 * What a word is filtered by: only what the word and its rank really say.
 *
 * - `band`: top1k, top10k, top100k, rest: by frequency
 * - `first`, `last`: its first and last letter, or digit, or other
 * - `letters`: every letter in it (multi-valued)
 * - `prefix`: its first three signs (thousands of values)
 * - `digit`: yes or no
 * - `compound`: `joined` for one with - _ . / & or ' inside, `piece` for a part of such a word, else `plain`
 * - `rank`, `length` (signs), `vowels`: numbers; `popularity`: 1 / rank, Zipf's law
 */
export function wordColumns(words: readonly RankedWord[]): readonly Column[] {
  const pieces = new Set(words.flatMap(({ word }) => (isJoined(word) ? word.split(JOINT) : [])));
  const traits: Traits = {
    band: ({ rank }) => [bandOf(rank)],
    first: ({ word }) => [signClass(signsOf(word)[0]!)],
    last: ({ word }) => [signClass(signsOf(word).at(-1)!)],
    letters: ({ word }) => lettersOf(word),
    prefix: ({ word }) => [signsOf(word).slice(0, 3).join("")],
    digit: ({ word }) => [/\p{Nd}/u.test(word) ? "yes" : "no"],
    compound: ({ word }) => {
      if (isJoined(word)) return ["joined"];
      return [pieces.has(word) ? "piece" : "plain"];
    },
  };
  return [
    ...Object.entries(traits).map(([name, values]) => categorical(name, words, values)),
    numeric("rank", words, ({ rank }) => rank),
    numeric("length", words, ({ word }) => signsOf(word).length),
    numeric("vowels", words, ({ word }) => word.match(/[aeiou]/g)?.length ?? 0),
    numeric("popularity", words, ({ rank }) => 1 / rank),
  ];
}

const JOINT = /[-_./&']/;

const isJoined = (word: string): boolean => /[^-_./&'][-_./&'][^-_./&']/.test(word);

function categorical(
  name: string,
  words: readonly RankedWord[],
  valuesOf: (word: RankedWord) => readonly string[],
): Column {
  const builder = new ColumnBuilder(name, words.length);
  const vocabulary = new Vocabulary();
  for (const word of words) builder.add(...valuesOf(word).map((value) => vocabulary.code(value)));
  return builder.finish(vocabulary.texts);
}

const numeric = (
  name: string,
  words: readonly RankedWord[],
  valueOf: (word: RankedWord) => number,
): Column => ({
  kind: "numeric",
  name,
  values: Float32Array.from(words, valueOf),
});
