import type { Result } from "../../result/schema.ts";
import { standingOf } from "../../result/standing.ts";
import type { Standing } from "../../result/standing.ts";
import { digest } from "../digest.ts";
import type { SystemDigest } from "../digest.ts";
import { describeLoad } from "../load-text.ts";
import type { LoadText } from "../load-text.ts";

/** Which of the two runs; in every chart and table in this order. */
export type Side = "before" | "after";

export const SIDES: readonly Side[] = ["before", "after"];

/** Two results as their comparison reads them. */
export interface BothRuns {
  readonly before: Result;
  readonly after: Result;
  /** The headline load of the run after, at which both are looked at. */
  readonly load: LoadText;
  /** Systems that both have, each with its rounds on both sides. */
  readonly systems: readonly SystemInBoth[];
}

export interface SystemInBoth {
  readonly name: string;
  readonly mark: SystemDigest["mark"];
  readonly standing: Readonly<Record<Side, Standing>>;
}

export function bothRuns(before: Result, after: Result): BothRuns {
  const { headlineLoad, loads } = after.scenario;
  const shared = digest(after, new Map()).systems.filter(({ name }) =>
    Object.hasOwn(before.systems, name),
  );
  return {
    before,
    after,
    load: describeLoad(headlineLoad, loads[headlineLoad] ?? {}),
    systems: shared.map(({ name, mark, standing }) => ({
      name,
      mark,
      standing: { before: standingOf(before, name, headlineLoad), after: standing },
    })),
  };
}

/** "5 valid rounds before, 5 after, closed loop": for captions. */
export function basisOfBoth({ systems, load }: BothRuns): string {
  const most = (side: Side): number =>
    Math.max(0, ...systems.map(({ standing }) => standing[side].valid.length));
  const answers = systems.reduce(
    (sum, { standing }) =>
      sum +
      SIDES.flatMap((side) => standing[side].valid).reduce((n, point) => n + point.completed, 0),
    0,
  );
  const shape = load.isClosed ? "closed loop" : "open loop";
  return `${most("before")} valid rounds before, ${most("after")} after, ${answers.toLocaleString("en-US")} answers, ${shape}`;
}
