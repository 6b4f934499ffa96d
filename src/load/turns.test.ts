import { expect, test } from "vitest";
import { type Turn, turns } from "./turns.ts";

const order = (seed: number, blocks = 1): Turn<string, string>[] =>
  turns({
    units: ["mesh", "model", "mesh-in-process"],
    loads: ["a", "b"],
    rounds: 4,
    blocksOf: (load) => (load === "a" ? blocks : 1),
    seed,
  });

test("every round passes once over every unit and load", () => {
  for (let round = 1; round <= 4; round++) {
    const pass = order(7).slice((round - 1) * 6, round * 6);
    expect(pass.every((turn) => turn.round === round)).toBe(true);
    expect(new Set(pass.map((turn) => `${turn.unit}/${turn.load}`)).size).toBe(6);
  }
});

test("no unit gets its second block before every unit has had its first", () => {
  const blocks = order(1, 3).filter(({ load, round }) => load === "a" && round === 1);
  expect(blocks.map(({ block }) => block)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
  for (const block of [1, 2, 3]) {
    const units = blocks.filter((turn) => turn.block === block).map(({ unit }) => unit);
    expect(new Set(units).size).toBe(3);
  }
});

test("the same seed gives the same order, another seed another", () => {
  expect(order(5)).toEqual(order(5));
  expect(order(5)).not.toEqual(order(6));
});

test("no system always goes first", () => {
  const firsts = order(1, 10).filter((_, at) => at % 3 === 0);
  expect(new Set(firsts.map((turn) => turn.unit)).size).toBe(3);
});
