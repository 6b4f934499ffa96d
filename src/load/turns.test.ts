import { expect, test } from "vitest";
import { turns } from "./turns.ts";

const units = ["mesh", "model", "mesh-in-process"];

test("every round passes once over every unit and load", () => {
  const order = turns(units, ["a", "b"], 4, 7);
  for (let round = 1; round <= 4; round++) {
    const pass = order.slice((round - 1) * 6, round * 6);
    expect(pass.every((turn) => turn.round === round)).toBe(true);
    expect(new Set(pass.map((turn) => `${turn.unit}/${turn.load}`)).size).toBe(6);
  }
});

const order = (seed: number): string => JSON.stringify(turns(units, ["a"], 20, seed));

test("the same seed gives the same order, another seed another", () => {
  expect(order(5)).toBe(order(5));
  expect(order(5)).not.toBe(order(6));
});

test("no system always goes first", () => {
  const firsts = turns(units, ["a"], 30, 1).filter((_, at) => at % 3 === 0);
  expect(new Set(firsts.map((turn) => turn.unit)).size).toBe(3);
});
