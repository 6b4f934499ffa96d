import { Histogram } from "../math/histogram.ts";
import type { HistoryRow } from "../result/history.ts";
import { withoutIdleGpu } from "../result/idle-gpu.ts";
import { headlineOf } from "../result/headline.ts";
import type { Headline } from "../result/headline.ts";
import { firstOf, measuredSystems, roleOf } from "../result/role.ts";
import type { Role } from "../result/role.ts";
import type { Result } from "../result/schema.ts";
import { standingOf } from "../result/standing.ts";
import type { Standing } from "../result/standing.ts";
import { describeLoad } from "./load-text.ts";
import type { LoadText } from "./load-text.ts";
import { markOf } from "./mark.ts";
import type { Mark } from "./mark.ts";

/** A result as the report reads it: the choices that every section shares are made once, here. */
export interface Digest {
  readonly result: Result;
  readonly headline: Headline;
  /** Systems that are compared, in the scenario's order. */
  readonly systems: readonly SystemDigest[];
  /** The headline load in words, and whether the system sets the pace. */
  readonly load: LoadText;
  /** Earlier runs of the same scenario on machines of this class, oldest first. */
  readonly history: readonly HistoryRow[];
}

export interface SystemDigest {
  readonly name: string;
  readonly role: Role;
  readonly standing: Standing;
  /** Of the headline's valid rounds together, in microseconds; null where there are none. */
  readonly latencies: Histogram | null;
  readonly mark: Mark;
}

/**
 * @param samples latency histograms by point key; a point without one is left out of charts.
 * @param history of any runs: those of another scenario or machine class are left out.
 */
export function digest(
  result: Result,
  samples: ReadonlyMap<string, Histogram>,
  history: readonly HistoryRow[] = [],
): Digest {
  const seen: Role[] = [];
  const measured = withoutIdleGpu(result);
  const systems = measuredSystems(result).map((name) => {
    const role = roleOf(result, name);
    const standing = standingOf(measured, name);
    const place = seen.filter((other) => other === role).length;
    seen.push(role);
    const latencies = merged(standing, samples);
    return { name, role, standing, latencies, mark: markOf(role, place) };
  });
  const { headlineLoad, loads } = result.scenario;
  return {
    result,
    headline: headlineOf(result),
    systems,
    load: describeLoad(headlineLoad, loads[headlineLoad] ?? {}),
    history: history.filter(
      ({ scenario, machineClass, dataset }) =>
        scenario === result.scenario.name &&
        machineClass === result.machine.class &&
        dataset === result.dataset.hash,
    ),
  };
}

/** "5 valid rounds, 38,412 answers, closed loop", for captions. */
export function basisOf({ systems, load }: Digest): string {
  const rounds = Math.max(0, ...systems.map(({ standing }) => standing.valid.length));
  const answers = systems.reduce(
    (sum, { standing }) => sum + standing.valid.reduce((n, point) => n + point.completed, 0),
    0,
  );
  const shape = load.isClosed ? "closed loop" : "open loop";
  return `${rounds === 1 ? "1 valid round" : `${rounds} valid rounds`}, ${answers.toLocaleString("en-US")} answers, ${shape}`;
}

/** The mesh that ratios are over, where there is one. */
export function meshOf({ result, systems }: Digest): SystemDigest | null {
  const name = firstOf(result, "mesh");
  return systems.find((system) => system.name === name) ?? null;
}

function merged(standing: Standing, samples: ReadonlyMap<string, Histogram>): Histogram | null {
  const histograms = standing.valid.flatMap(({ key }) => samples.get(key) ?? []);
  if (histograms.length === 0) return null;
  // Histograms are merged, never percentiles.
  const all = Histogram.create();
  for (const histogram of histograms) all.add(histogram);
  return all.count === 0 ? null : all;
}
