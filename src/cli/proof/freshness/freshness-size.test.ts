import { expect, test } from "vitest";
import { freshnessSize } from "./freshness-size.ts";

test("what is not given is as it is usually measured: a model on one CPU, settings as a scenario has them", () => {
  expect(freshnessSize([])).toEqual({
    items: 200_000,
    dim: 64,
    folds: 2,
    seconds: 4,
    model: "score",
    cpus: 1,
    inFlight: 64,
    standing: [],
    settings: { allowSoftware: false },
  });
});

test("where it runs and how is said by options, numbers as numbers", () => {
  const asked =
    "5000 1 2 mol --dim 128 --cpus 8 --engine fused --precision int8 --probes 16 --nlist auto";
  expect(freshnessSize(asked.split(" "))).toMatchObject({
    items: 5000,
    dim: 128,
    model: "mol",
    cpus: 8,
    settings: { engine: "fused", precision: "int8", nprobe: 16, nlist: "auto" },
  });
});

test("changes that stand are measured by their numbers, without folds", () => {
  expect(freshnessSize(["--standing", "12000,30000"])).toMatchObject({
    standing: [12_000, 30_000],
    settings: { foldAfter: 2 ** 30 },
  });
});

test("what it does not know, or is no number, is refused by its name", () => {
  const asking =
    (...args: string[]) =>
    () =>
      freshnessSize(args);
  expect(asking("1", "1", "1", "dot")).toThrow("MODEL: expected score or mol, came dot");
  expect(asking("many")).toThrow("ITEMS: expected a whole number above zero, came many");
  expect(asking("--cpus", "0")).toThrow("--cpus: expected a whole number above zero, came 0");
  expect(asking("--standing", "1,few")).toThrow(
    "--standing: expected a whole number above zero, came few",
  );
  expect(asking("--standing", "1", "--fold-after", "5")).toThrow(
    "--standing: expected no --fold-after beside it",
  );
  expect(asking("--gpu")).toThrow("--gpu");
});
