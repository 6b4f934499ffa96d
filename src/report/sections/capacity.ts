import type { TopLevelSpec } from "vega-lite";
import type { Point } from "../../result/schema.ts";
import { CHART_BASE, HOLLOW } from "../chart-style.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatMs, formatNumber, MISSING } from "../format.ts";
import { logTicks } from "../log-ticks.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";
import { bySystem } from "../system-scale.ts";

/** One probe of a search, as the chart draws it. */
interface Probe {
  readonly system: string;
  readonly round: number;
  readonly perSecond: number;
  readonly p99: number | null;
  readonly held: boolean;
  readonly reason: string;
}

/** How each system's highest rate was found; null where none was searched for. */
export function capacitySection(digest: Digest): Section | null {
  const searched = digest.systems
    .map((system) => ({ system, points: searchesOf(digest, system) }))
    .filter(({ points }) => points.length > 0);
  if (searched.length === 0) return null;
  const probes = searched.flatMap(({ points }) => points.flatMap(probesOf));
  const { p99Ms } = digest.result.scenario.slo;
  return {
    id: "capacity",
    title: "How the highest rate was found",
    lead: "The rate is doubled until a system no longer holds the objective, then the gap is halved; the rate that held is run once more to confirm it.",
    body: renderFigure({
      charts: [
        {
          id: "capacity",
          spec: capacitySpec(
            searched.map(({ system }) => system),
            probes,
            p99Ms,
          ),
          alt: `${searched.map(({ system, points }) => `${system.name} held ${points.map(({ capacity }) => formatNumber(capacity!.heldPerSecond)).join(", ")} requests a second`).join("; ")}.`,
        },
      ],
      says: `Each mark is a probe; hollow ones did not hold. The line is the objective, p99 within ${formatMs(p99Ms)}.`,
      basis: `${probes.length} probes, open loop, latency from the time a request was due`,
      table: {
        caption: "Searches for the highest rate",
        columns: [
          "system",
          "round",
          "held, requests/s",
          "broke at",
          "confirmed",
          "limit",
          "probes",
        ].map((label, i) => ({ label, align: i < 1 ? ("left" as const) : ("right" as const) })),
        rows: searched.flatMap(({ system, points }) =>
          points.map(({ round, capacity }) => [
            systemName(system),
            String(round),
            formatNumber(capacity!.heldPerSecond),
            capacity!.brokePerSecond === null ? MISSING : formatNumber(capacity!.brokePerSecond),
            capacity!.confirmed ? "yes" : "no",
            capacity!.limit,
            String(capacity!.probes.length),
          ]),
        ),
      },
    }),
  };
}

/** Points of the headline's variant that a search stands behind. */
function searchesOf({ result }: Digest, { name, standing }: SystemDigest): Point[] {
  return result.points.filter(
    ({ system, variant, capacity }) =>
      system === name && variant === standing.variant && capacity !== null,
  );
}

function probesOf({ system, round, capacity }: Point): Probe[] {
  return capacity!.probes.map(({ ratePerSecond, p99Ms, held, reason }) => ({
    system,
    round,
    perSecond: ratePerSecond,
    p99: p99Ms,
    held,
    reason: held ? "held" : reason,
  }));
}

export function capacitySpec(
  systems: readonly SystemDigest[],
  probes: readonly Probe[],
  objectiveMs: number,
): TopLevelSpec {
  const values = probes.flatMap((probe) =>
    probe.p99 === null ? [] : [{ ...probe, ms: Math.max(0.001, probe.p99) }],
  );
  const heights = [...values.map(({ ms }) => ms), objectiveMs];
  const [lowest, highest] = [Math.min(...heights) / 1.3, Math.max(...heights) * 1.3];
  const rates = probes.map(({ perSecond }) => perSecond);
  const [slowest, fastest] = [Math.min(...rates) / 1.15, Math.max(...rates) * 1.15];
  const y = {
    type: "quantitative" as const,
    title: "p99, ms (log)",
    scale: { type: "log" as const, domain: [lowest, highest], nice: false as const },
    axis: { values: logTicks(lowest, highest), format: ",~r" },
  };
  const x = {
    field: "perSecond",
    type: "quantitative" as const,
    title: "offered requests a second (log)",
    scale: { type: "log" as const, domain: [slowest, fastest], nice: false as const },
    axis: { values: logTicks(slowest, fastest), format: ",~s", grid: true },
  };
  const { color, shape } = bySystem(systems, "point");
  const tooltip = [
    { field: "system", title: "system" },
    { field: "round", title: "round" },
    { field: "perSecond", title: "requests/s", format: ",.0f" },
    { field: "ms", title: "p99, ms", format: ".3~r" },
    { field: "reason", title: "outcome" },
  ];
  return {
    ...CHART_BASE,
    height: 260,
    data: { values },
    layer: [
      {
        data: { values: [{ objective: objectiveMs }] },
        mark: { type: "rule", color: "var(--ink)", strokeWidth: 1 },
        encoding: { y: { ...y, field: "objective" } },
      },
      {
        transform: [{ filter: "datum.held" }],
        mark: { type: "point", filled: true, size: 75, opacity: 1 },
        encoding: { x, y: { ...y, field: "ms" }, color, shape, tooltip },
      },
      {
        transform: [{ filter: "!datum.held" }],
        mark: { ...HOLLOW },
        encoding: { x, y: { ...y, field: "ms" }, stroke: color, shape, tooltip },
      },
    ],
  };
}
