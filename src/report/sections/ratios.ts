import type { TopLevelSpec } from "vega-lite";
import { METRICS } from "../../result/metric.ts";
import type { MetricName } from "../../result/metric.ts";
import { roleOf } from "../../result/role.ts";
import type { Comparison } from "../../result/schema.ts";
import { CHART_BASE } from "../chart-style.ts";
import type { Digest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import type { Chart } from "../figure.ts";
import { logTicks } from "../log-ticks.ts";
import { formatCount, formatTimes, MISSING } from "../format.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";

/** A comparison turned so that above 1 is better, whatever the metric. */
export interface Gain {
  readonly metric: string;
  readonly gain: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly verdict: Comparison["verdict"];
}

/** Every ratio with its interval, a chart for each pair of systems; null where there is none. */
export function ratiosSection({ result }: Digest): Section | null {
  if (result.comparisons.length === 0) return null;
  const pairs = new Map<string, Comparison[]>();
  for (const comparison of challengersFirst(result)) {
    const pair = `${comparison.of} over ${comparison.over}`;
    pairs.set(pair, [...(pairs.get(pair) ?? []), comparison]);
  }
  const domain = domainOf(result.comparisons.flatMap((comparison) => gainOf(comparison) ?? []));
  const charts = [...pairs].map(([pair, comparisons], i): Chart => {
    const gains = comparisons.flatMap((comparison) => gainOf(comparison) ?? []);
    const alt = gains.map(
      ({ metric, gain, verdict }) => `${metric} ${formatTimes(gain)} ${verdict}`,
    );
    return {
      id: `ratios-${i + 1}`,
      heading: html`${pair}`,
      spec: ratiosSpec(gains, domain),
      alt: `${pair}, turned so that above 1 is better: ${alt.join(", ")}.`,
    };
  });
  const unequal = result.comparisons.some(({ recallAt }) => recallAt === null);
  return {
    id: "ratios",
    title: "Every ratio, with its interval",
    lead: "All are turned so that right is better: twice the throughput and half the latency both stand at 2×.",
    body: html`${unequal ? html`<p class="note warn">Some of these compare systems of which one misses the recall target: they are shown, not claimed.</p>` : null}
    ${renderFigure({
      charts,
      says: "Dots are geometric means of paired rounds; bars are 95% intervals; the line at 1× is no difference.",
      basis: result.comparisons[0]!.method,
      table: {
        caption: "All ratios",
        columns: ["metric", "of", "over", "ratio", "low", "high", "pairs", "verdict"].map(
          (label, i) => ({ label, align: i < 3 ? ("left" as const) : ("right" as const) }),
        ),
        rows: result.comparisons.map((c) => [
          METRICS[c.metric as MetricName]?.label ?? c.metric,
          c.of,
          c.over,
          ...[c.ratio, c.low, c.high].map((value) =>
            value === null ? MISSING : formatTimes(value),
          ),
          formatCount(c.n),
          c.verdict,
        ]),
      },
    })}`,
  };
}

/** What the run was made for before what explains it. */
function challengersFirst(result: Digest["result"]): Comparison[] {
  const isChallenger = ({ of }: Comparison): boolean => roleOf(result, of) === "challenger";
  return [
    ...result.comparisons.filter(isChallenger),
    ...result.comparisons.filter((c) => !isChallenger(c)),
  ];
}

export function gainOf({ metric, ratio, low, high, verdict }: Comparison): Gain | null {
  if (ratio === null) return null;
  const known = METRICS[metric as MetricName];
  const label = known?.label ?? metric;
  if (known?.better !== "lower") return { metric: label, gain: ratio, low, high, verdict };
  return { metric: label, gain: 1 / ratio, low: inverse(high), high: inverse(low), verdict };
}

const inverse = (value: number | null): number | null => (value === null ? null : 1 / value);

export function ratiosSpec(
  gains: readonly Gain[],
  domain: readonly [number, number],
): TopLevelSpec {
  const y = { field: "metric", type: "nominal", sort: null, title: null } as const;
  const scale: { type: "log"; domain: number[]; nice: false } = {
    type: "log",
    domain: [...domain],
    nice: false,
  };
  const axis = {
    grid: true,
    values: logTicks(domain[0], domain[1]),
    labelExpr: "datum.value + '×'",
  } as const;
  const x = { type: "quantitative", scale, title: null, axis } as const;
  const color = {
    field: "verdict",
    type: "nominal",
    scale: {
      domain: ["better", "worse", "same", "inconclusive"],
      range: ["var(--good)", "var(--bad)", "var(--ink)", "var(--unsure)"],
    },
    legend: null,
  } as const;
  return {
    ...CHART_BASE,
    height: Math.max(1, gains.length) * 36,
    data: {
      values: gains.map((gain) => ({
        ...gain,
        label: `${formatTimes(gain.gain)} ${gain.verdict}`,
      })),
    },
    layer: [
      {
        data: { values: [{ one: 1 }] },
        mark: { type: "rule", color: "var(--ink)", strokeWidth: 1 },
        encoding: { x: { ...x, field: "one" } },
      },
      {
        transform: [{ filter: "datum.low !== null" }],
        mark: { type: "rule", strokeWidth: 5, opacity: 0.35, strokeCap: "round" },
        encoding: { y, x: { ...x, field: "low" }, x2: { field: "high" }, color },
      },
      {
        mark: { type: "point", filled: true, size: 70, opacity: 1 },
        encoding: {
          y,
          x: { ...x, field: "gain" },
          color,
          tooltip: [
            { field: "metric", title: "metric" },
            { field: "gain", title: "times better", format: ".3~r" },
            { field: "low", title: "from", format: ".3~r" },
            { field: "high", title: "to", format: ".3~r" },
            { field: "verdict", title: "verdict" },
          ],
        },
      },
      // The same text twice: once as a halo, so that no line runs through it.
      ...(["var(--paper)", null] as const).map((halo) => ({
        mark: {
          type: "text" as const,
          dy: -13,
          fontSize: 11,
          color: halo ?? "var(--muted)",
          ...(halo === null ? {} : { stroke: halo, strokeWidth: 4 }),
        },
        encoding: { y, x: { ...x, field: "gain" }, text: { field: "label" } },
      })),
    ],
  };
}

/** Holds 1 and every interval, with room for the labels; the same for all pairs. */
export function domainOf(gains: readonly Gain[]): [number, number] {
  const ends = gains.flatMap(({ gain, low, high }) => [gain, low ?? gain, high ?? gain]);
  const [low, high] = [Math.min(1, ...ends) / 1.6, Math.max(1, ...ends) * 1.6];
  return [Number(low.toPrecision(3)), Number(high.toPrecision(3))];
}
