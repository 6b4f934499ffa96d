import { expect, test } from "vitest";
import { wordColumns } from "./word-columns.ts";

const words = [
  { word: "the", rank: 1 },
  { word: ",", rank: 1000 },
  { word: "mother-in-law", rank: 1001 },
  { word: "law", rank: 10_001 },
  { word: "3d", rank: 100_000 },
  { word: "élan", rank: 100_001 },
];

/** Column -> word -> its values, as a person would write them. */
const table = new Map(
  wordColumns(words).map((column) => [
    column.name,
    words.map((_, row) =>
      column.kind === "numeric"
        ? column.values[row]!
        : [...column.values.subarray(column.offsets[row], column.offsets[row + 1])]
            .map((code) => column.vocabulary[code])
            .join(" "),
    ),
  ]),
);

test("the attributes of words are what the words say", () => {
  expect(table.get("band")).toEqual(["top1k", "top1k", "top10k", "top100k", "top100k", "rest"]);
  expect(table.get("first")).toEqual(["t", "other", "m", "l", "digit", "é"]);
  expect(table.get("last")).toEqual(["e", "other", "w", "w", "d", "n"]);
  expect(table.get("prefix")).toEqual(["the", ",", "mot", "law", "3d", "éla"]);
  expect(table.get("digit")).toEqual(["no", "no", "no", "no", "yes", "no"]);
  expect(table.get("compound")).toEqual(["plain", "plain", "joined", "piece", "plain", "plain"]);
  expect(table.get("length")).toEqual([3, 1, 13, 3, 2, 4]);
  expect(table.get("vowels")).toEqual([1, 0, 4, 1, 0, 1]);
  expect(table.get("rank")).toEqual([1, 1000, 1001, 10_001, 100_000, 100_001]);
  expect(table.get("popularity")![1]).toBe(Math.fround(1 / 1000));
});

test("letters has every letter once", () => {
  const letters = table.get("letters")!.map((text) => String(text).split(" ").toSorted().join(""));
  expect(letters).toEqual(["eht", "", "aehilmnortw", "alw", "d", "alné"]);
});
