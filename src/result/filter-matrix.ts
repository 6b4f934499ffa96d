import { compareStandings } from "./comparisons.ts";
import { firstOf, measuredSystems } from "./role.ts";
import type { Comparison, Result } from "./schema.ts";
import { standingOf } from "./standing.ts";
import type { Standing } from "./standing.ts";

/** Where what passes a filter lies, seen from the user who asks. */
export type Correlation = "near" | "independent" | "elsewhere";

/** A load that asks the requests of one filter only, and how each system stands at it. */
export interface MatrixCell {
  readonly load: string;
  readonly name: string;
  readonly template: string;
  /** Share of the items that passes, measured. */
  readonly passRate: number;
  /** How much likelier an item near the user passes than any item; null: not known. */
  readonly lift: number | null;
  readonly correlation: Correlation;
  /** Cells of one row pass about as many items; 0 passes the most. */
  readonly row: number;
  readonly systems: readonly {
    readonly standing: Standing;
    /** Throughput over the mesh's; null for the mesh itself and without one. */
    readonly overMesh: Comparison | null;
  }[];
}

type Measured = Pick<Result, "systems" | "scenario" | "points" | "tuning" | "dataset">;

/** A lift beyond this, or below its inverse, is a correlation. */
const NOTABLE_LIFT = 1.25;
/** Pass rates of one row differ by less than this factor. */
const SAME_ROW = 2;

/** Every load that is a cell of selectivity x correlation, the least selective first. */
export function filterMatrix(result: Measured): MatrixCell[] {
  const mesh = firstOf(result, "mesh");
  const cells = Object.entries(result.scenario.loads).flatMap(([load, { filters }]) => {
    const name: unknown = Array.isArray(filters) && filters.length === 1 ? filters[0] : null;
    const filter = result.dataset.filters.find((each) => each.name !== null && each.name === name);
    if (filter === undefined || filter.passRate === null) return [];
    const held = mesh === null ? null : standingOf(result, mesh, load);
    const systems = measuredSystems(result).map((system) => {
      const standing = standingOf(result, system, load);
      const isOver = held !== null && system !== mesh;
      const overMesh = isOver ? compareStandings(result, "throughput", standing, held) : null;
      return { standing, overMesh };
    });
    const { template, passRate, lift } = filter;
    const correlation = correlationOf(lift);
    return [{ load, name: filter.name!, template, passRate, lift, correlation, systems }];
  });
  return inRows(cells.toSorted((a, b) => b.passRate - a.passRate));
}

function correlationOf(lift: number | null): Correlation {
  if (lift === null || (lift < NOTABLE_LIFT && lift > 1 / NOTABLE_LIFT)) return "independent";
  return lift > 1 ? "near" : "elsewhere";
}

/** A row takes cells that pass about as many items as its first, one of each correlation. */
function inRows(cells: readonly Omit<MatrixCell, "row">[]): MatrixCell[] {
  const rows: Omit<MatrixCell, "row">[][] = [];
  return cells.map((cell) => {
    const fits = rows.findIndex(
      (row) =>
        row[0]!.passRate / cell.passRate < SAME_ROW &&
        row.every(({ correlation }) => correlation !== cell.correlation),
    );
    const row = fits === -1 ? rows.length : fits;
    rows[row] = [...(rows[row] ?? []), cell];
    return { ...cell, row };
  });
}
