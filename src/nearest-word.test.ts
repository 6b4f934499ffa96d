import { expect, test } from "vitest";
import { nearestWord } from "./nearest-word.ts";

test.for([
  ["rouds", "rounds"],
  ["maxbatch", "maxBatch"],
  ["closde", "closed"],
  ["expansion", "expansionSearch"],
  ["zebra", null],
] as const)("%s most likely means %s", ([word, meant]) => {
  expect(nearestWord(word, ["rounds", "closed", "maxBatch", "expansionSearch"])).toBe(meant);
});
