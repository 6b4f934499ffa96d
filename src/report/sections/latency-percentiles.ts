import type { TopLevelSpec } from "vega-lite";
import { quantileRanks } from "../../math/binomial-interval.ts";
import type { Histogram } from "../../math/histogram.ts";
import { median } from "../../math/quantile.ts";
import { CHART_BASE } from "../chart-style.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { logTicks } from "../log-ticks.ts";
import { formatCount, formatMs, formatNumber, MISSING } from "../format.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";
import { bySystem } from "../system-scale.ts";

/** One in so many answers is slower: p0, p50, p90, p99 and so on. */
const RARITIES: number[] = [1, 2, 10, 100, 1000, 10_000, 100_000];
const DOTTED: number[] = [1, 4];

const TABLED = [0.5, 0.9, 0.95, 0.99, 0.999, 0.9999] as const;

/** Latency against percentile, as far as the samples reach. */
export function latencyPercentilesSection(digest: Digest): Section | null {
  const measured = digest.systems.filter(({ latencies }) => latencies !== null);
  if (measured.length === 0) return null;
  const floor = floorOf(digest);
  const alt = measured.map(({ name, latencies }) => {
    const [p50, p99] = [0.5, 0.99].map((share) => formatMs(atShare(latencies!, share)));
    return `${name}: p50 ${p50}, p99 ${p99}`;
  });
  return {
    id: "latency",
    title: "Latency, percentile by percentile",
    lead: digest.load.isClosed
      ? "In a closed loop the next request waits for an answer: these times hold at the pace each system sets itself, not at a given rate of arrivals."
      : "Counted from the moment a request was meant to be sent, so that a late sender hides nothing.",
    body: renderFigure({
      charts: [
        {
          id: "latency-percentiles",
          spec: latencyPercentilesSpec(measured, floor),
          alt: `${alt.join("; ")}.`,
        },
      ],
      says: `Each line ends where fewer than ten slower answers are left to speak for it.${floor === null ? "" : ` The dotted line is the load generator's own p99 on a system that answers at once, ${formatMs(floor)}: a tail that is not well above it is the generator's as much as the system's.`}`,
      basis: basisOf(digest),
      table: {
        caption:
          "Latency percentiles of all valid rounds together, milliseconds, with 95% intervals",
        columns: [
          { label: "percentile" },
          ...measured.map((system) => ({ label: systemName(system) })),
        ],
        rows: [
          ...TABLED.map((share) => [
            `p${Number((share * 100).toFixed(4))}`,
            ...measured.map(({ latencies }) => withInterval(latencies!, share)),
          ]),
          ["largest", ...measured.map(({ latencies }) => formatNumber(latencies!.max / 1000))],
          ["answers", ...measured.map(({ latencies }) => formatCount(latencies!.count))],
        ],
      },
    }),
  };
}

/** Percentiles from p0 on, evenly spaced on the axis of nines, up to the last with ten answers above. */
export function percentileShares(count: number): number[] {
  const nines = Math.log10(Math.max(1, count / 10));
  const steps = Math.max(1, Math.round(nines * 24));
  return Array.from({ length: steps + 1 }, (_, i) => 1 - 10 ** (-(nines * i) / steps));
}

export function latencyPercentilesSpec(
  systems: readonly SystemDigest[],
  floorMs: number | null,
): TopLevelSpec {
  const values = systems.flatMap(({ name, latencies }) =>
    percentileShares(latencies!.count).map((share) => ({
      system: name,
      rarity: 1 / (1 - share),
      percentile: Number((share * 100).toPrecision(6)),
      // A histogram's smallest step: the axis is logarithmic and knows no 0.
      ms: Math.max(0.001, latencies!.quantile(share) / 1000),
    })),
  );
  const heights = [...values.map(({ ms }) => ms), floorMs ?? []].flat();
  const [lowest, highest] = [Math.min(...heights), Math.max(...heights)];
  const x = {
    field: "rarity",
    type: "quantitative",
    title: "percentile",
    scale: { type: "log", nice: false },
    axis: {
      values: RARITIES,
      labelExpr: "'p' + format(100 - 100 / datum.value, '~r')",
      grid: true,
      labelFlush: true,
    },
  } as const;
  const y = {
    type: "quantitative" as const,
    title: "latency, ms (log)",
    scale: { type: "log" as const, domain: [lowest / 1.25, highest * 1.25], nice: false as const },
    axis: { values: logTicks(lowest / 1.25, highest * 1.25), format: ",~r" },
  };
  const { color, dash } = bySystem(systems, "line");
  return {
    ...CHART_BASE,
    height: 280,
    data: { values },
    layer: [
      {
        mark: { type: "line", strokeWidth: 2.25, interpolate: "monotone" },
        encoding: {
          x,
          y: { ...y, field: "ms" },
          color,
          strokeDash: dash,
        },
      },
      {
        mark: { type: "point", size: 160, opacity: 0, filled: true },
        encoding: {
          x,
          y: { ...y, field: "ms" },
          tooltip: [
            { field: "system", title: "system" },
            { field: "percentile", title: "percentile", format: "~r" },
            { field: "ms", title: "ms", format: ".3~r" },
          ],
        },
      },
      {
        data: { values: floorMs === null ? [] : [{ floor: floorMs }] },
        mark: { type: "rule", strokeDash: DOTTED, strokeWidth: 1.5, color: "var(--muted)" },
        encoding: { y: { ...y, field: "floor" } },
      },
    ],
  };
}

/** The load generator's own p99, median over the points that know it. */
function floorOf({ systems }: Digest): number | null {
  const floors = systems.flatMap(({ standing }) =>
    standing.valid.flatMap(({ client }) => client.floorP99Ms ?? []),
  );
  return floors.length === 0 || median(floors) <= 0 ? null : median(floors);
}

function atShare(latencies: Histogram, share: number): number | null {
  return latencies.count * (1 - share) < 10 ? null : latencies.quantile(share) / 1000;
}

function withInterval(latencies: Histogram, share: number): string {
  const value = atShare(latencies, share);
  const ranks = quantileRanks(latencies.count, share);
  if (value === null || ranks === null) return MISSING;
  const [low, high] = [ranks.low, ranks.high].map((rank) =>
    formatNumber(latencies.quantile(rank / latencies.count) / 1000),
  );
  return `${formatNumber(value)} (${low!} to ${high!})`;
}
