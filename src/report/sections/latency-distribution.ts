import type { TopLevelSpec } from "vega-lite";
import type { Histogram } from "../../math/histogram.ts";
import { CHART_BASE } from "../chart-style.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { logTicks } from "../log-ticks.ts";
import { formatMs, formatNumber, formatPercent } from "../format.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";
import { bySystem } from "../system-scale.ts";

/** Shares drawn from a histogram: each stands for a thousandth of the answers. */
const DRAWN = 1000;

/** How the latencies are spread, from the histograms. */
export function latencyDistributionSection(digest: Digest): Section | null {
  const measured = digest.systems.filter(({ latencies }) => latencies !== null);
  if (measured.length === 0) return null;
  const bins = distributionOf(measured);
  const modes = measured.map(({ name }) => {
    const own = bins.filter(({ system }) => system === name);
    const mode = own.reduce((best, bin) => (bin.share > best.share ? bin : best), own[0]!);
    return `${name}: most answers took about ${formatMs(mode.ms)}`;
  });
  return {
    id: "distribution",
    title: "How latencies are spread",
    lead: "One hump is one kind of work. A second hump or a long shoulder is queueing, batching or a slow path.",
    body: renderFigure({
      charts: [
        {
          id: "latency-distribution",
          spec: latencyDistributionSpec(measured, bins),
          alt: `${modes.join("; ")}.`,
        },
      ],
      says: "Share of answers by latency; bins are equally wide on the log axis.",
      basis: basisOf(digest),
      table: {
        caption: "Share of answers by latency",
        columns: [
          { label: "around, ms" },
          ...measured.map((system) => ({ label: systemName(system) })),
        ],
        rows: [...new Set(bins.map(({ ms }) => ms))].map((ms) => [
          formatNumber(ms),
          ...measured.map(({ name }) => {
            const bin = bins.find((each) => each.system === name && each.ms === ms);
            return formatPercent(bin?.share ?? 0);
          }),
        ]),
      },
    }),
  };
}

export interface LatencyBin {
  readonly system: string;
  /** Geometric middle of the bin. */
  readonly ms: number;
  readonly share: number;
}

/** Equal bins on a log axis from the fastest to the slowest system, each system's shares adding to 1. */
export function distributionOf(systems: readonly SystemDigest[]): LatencyBin[] {
  const fewest = Math.min(...systems.map(({ latencies }) => latencies!.count));
  // Few answers in narrow bins would draw teeth where there is only chance.
  const binsADecade = fewest < 500 ? 8 : fewest < 5000 ? 16 : 24;
  const counts = systems.map(({ latencies }) => binCounts(latencies!, binsADecade));
  const used = counts.flatMap((bins) => [...bins.keys()]);
  const [first, last] = [Math.min(...used) - 1, Math.max(...used) + 1];
  return systems.flatMap(({ name }, i) =>
    Array.from({ length: last - first + 1 }, (_, step) => ({
      system: name,
      ms: Number((10 ** ((first + step + 0.5) / binsADecade)).toPrecision(4)),
      share: (counts[i]!.get(first + step) ?? 0) / DRAWN,
    })),
  );
}

function binCounts(latencies: Histogram, binsADecade: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < DRAWN; i++) {
    // A microsecond is the histogram's unit: nothing is below it.
    const ms = Math.max(1, latencies.quantile((i + 0.5) / DRAWN)) / 1000;
    const bin = Math.floor(Math.log10(ms) * binsADecade);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  return counts;
}

export function latencyDistributionSpec(
  systems: readonly SystemDigest[],
  bins: readonly LatencyBin[],
): TopLevelSpec {
  const { color, dash } = bySystem(systems, "line");
  const middles = bins.map(({ ms }) => ms);
  const ticks = logTicks(Math.min(...middles), Math.max(...middles));
  const x = {
    field: "ms",
    type: "quantitative",
    title: "latency, ms (log)",
    scale: { type: "log", nice: false },
    axis: { format: ",~r", values: ticks },
  } as const;
  const y = {
    field: "share",
    type: "quantitative",
    title: "share of answers",
    axis: { format: "~%", tickCount: 4 },
    stack: null,
  } as const;
  return {
    ...CHART_BASE,
    height: 220,
    data: { values: [...bins] },
    layer: [
      {
        mark: { type: "area", interpolate: "monotone", opacity: 0.12 },
        encoding: { x, y, color },
      },
      {
        mark: { type: "line", interpolate: "monotone", strokeWidth: 2.25 },
        encoding: {
          x,
          y,
          color,
          strokeDash: dash,
          tooltip: [
            { field: "system", title: "system" },
            { field: "ms", title: "around, ms", format: ".3~r" },
            { field: "share", title: "share", format: ".1%" },
          ],
        },
      },
    ],
  };
}
