import type { Correlation, MatrixCell } from "../../result/filter-matrix.ts";
import type { Digest } from "../digest.ts";
import { formatCount, formatPercent } from "../format.ts";

/** In the order of a matrix' columns. */
export const CORRELATIONS: readonly Correlation[] = ["near", "independent", "elsewhere"];

/** On how many rounds and answers a matrix stands, and of which loop. */
export function matrixBasis({ load }: Digest, cells: readonly MatrixCell[]): string {
  const valid = cells.flatMap(({ systems }) => systems.flatMap(({ standing }) => standing.valid));
  const answers = valid.reduce((sum, { completed }) => sum + completed, 0);
  const rounds = Math.max(
    0,
    ...cells.flatMap(({ systems }) => systems.map(({ standing }) => standing.valid.length)),
  );
  const shape = load.isClosed ? "closed loop" : "open loop";
  return `Medians over up to ${rounds} valid rounds a cell, ${formatCount(answers)} answers in all, ${shape}`;
}

/** "2.6% pass", the same for all cells of a row. */
export function rowLabels(cells: readonly MatrixCell[]): ReadonlyMap<number, string> {
  const rows = new Map<number, number[]>();
  for (const { row, passRate } of cells) rows.set(row, [...(rows.get(row) ?? []), passRate]);
  return new Map(
    [...rows].map(([row, rates]) => {
      const logs = rates.map((rate) => Math.log(rate));
      const middle = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
      return [row, middle >= 0.995 ? "all pass" : `${formatPercent(middle)} pass`];
    }),
  );
}
