import { expect, test } from "vitest";
import { filterMatrix } from "./filter-matrix.ts";
import { smallSample } from "./sample-result.fixture.ts";
import type { Result } from "./schema.ts";

const sample = smallSample();

/** The sample, with a load for each of these filters at which every system does as at the headline. */
function withCells(
  cells: Record<string, readonly [passRate: number, lift: number | null]>,
): Result {
  const names = Object.keys(cells);
  const loads = names.map((name) => [name, { shape: "closed", filters: [name] }]);
  const all = { shape: "closed", filters: names };
  return {
    ...sample,
    scenario: { ...sample.scenario, loads: { all, ...Object.fromEntries(loads) } },
    dataset: {
      ...sample.dataset,
      filters: Object.entries(cells).map(([name, [passRate, lift]]) => {
        return { name, template: name, weight: 1, passRate, lift, requests: 10 };
      }),
    },
    points: names.flatMap((load) =>
      sample.points.map((point) => ({
        ...point,
        key: `${point.system}/${load}/${point.round}`,
        load,
      })),
    ),
  };
}

test("a cell is a load that asks the requests of one filter, with its correlation by lift", () => {
  const cells = filterMatrix(
    withCells({ far: [0.1, 0.2], none: [0.12, 1], near: [0.09, 8], unknown: [0.01, null] }),
  );
  expect(cells.map(({ name, correlation, row }) => [name, correlation, row])).toEqual([
    ["none", "independent", 0],
    ["far", "elsewhere", 0],
    ["near", "near", 0],
    ["unknown", "independent", 1],
  ]);
  expect(filterMatrix(sample)).toEqual([]);
});

test("a row takes one cell of each correlation, of about the same pass rate", () => {
  const cells = filterMatrix(withCells({ half: [0.5, 1], more: [0.4, 1], less: [0.2, 1] }));
  expect(cells.map(({ row }) => row)).toEqual([0, 1, 2]);
});

test("each system stands in each cell, and over the mesh with an interval", () => {
  const cell = filterMatrix(withCells({ half: [0.5, 1] })).find(({ load }) => load === "half");
  const of = (name: string) => cell!.systems.find(({ standing }) => standing.system === name)!;
  expect(of("mesh").overMesh).toBeNull();
  expect(of("model").standing.valid).toHaveLength(5);
  expect(of("model").overMesh).toMatchObject({ load: "half", verdict: "better", n: 5 });
  expect(of("model").overMesh!.low).toBeGreaterThan(1);
});
