import { METRICS } from "../result/metric.ts";
import type { MetricName } from "../result/metric.ts";
import type { Result } from "../result/schema.ts";
import { medianOf, totalOf } from "../result/standing.ts";
import { digest } from "./digest.ts";

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

/** Metric names in base units, as Prometheus wants them, and what turns ours into those. */
const MEDIANS: readonly (readonly [MetricName, string, string, number])[] = [
  ["throughput", "silverbench_throughput_per_second", "Answers a second", 1],
  ["goodput", "silverbench_goodput_per_second", "Good answers a second", 1],
  ["p50", "silverbench_latency_p50_seconds", "Median latency", 1e-3],
  ["p99", "silverbench_latency_p99_seconds", "99th percentile of latency", 1e-3],
  ["recall", "silverbench_recall_ratio", "Share of the oracle's answer that came back", 1],
  ["cpu", "silverbench_cpu_seconds_per_request", "CPU time a request", 1e-3],
];

const VERDICTS = ["pass", "regression", "inconclusive", "invalid"] as const;

/**
 * The result in the Prometheus text format (0.0.4), for a Pushgateway or a textfile collector:
 * medians over valid rounds at the headline. What was not measured has no sample.
 */
export function renderPrometheus(result: Result): string {
  const { systems } = digest(result, new Map());
  const scenario = result.scenario.name;
  const medians = MEDIANS.map(([metric, name, what, scale]): Family => {
    const samples = systems.flatMap(({ name: system, standing }) => {
      const value = medianOf(standing, metric);
      return value === null ? [] : [{ labels: { scenario, system }, value: value * scale }];
    });
    const direction = METRICS[metric].better === "higher" ? "more" : "less";
    return { name, help: `${what}, median over valid rounds; ${direction} is better.`, samples };
  });
  const families = [
    ...medians,
    faults(result),
    ratios(result),
    dollars(result),
    {
      name: "silverbench_complete",
      help: "1 where the run ended by itself.",
      samples: [{ labels: { scenario }, value: Number(result.complete) }],
    },
    {
      name: "silverbench_started_timestamp_seconds",
      help: "When the run began.",
      samples: [{ labels: { scenario }, value: Date.parse(result.startedAt) / 1000 }],
    },
    {
      name: "silverbench_gate",
      help: "1 for the verdict that a gate has.",
      samples: result.gates.flatMap(({ expression, verdict }) =>
        VERDICTS.map((each) => ({
          labels: { scenario, expression, verdict: each },
          value: Number(each === verdict),
        })),
      ),
    },
  ];
  return families.map(familyText).join("");
}

function faults(result: Result): Family {
  const { systems } = digest(result, new Map());
  const samples = systems
    .filter(({ standing }) => standing.points.length > 0)
    .flatMap(({ name: system, standing }) =>
      (["violations", "short", "errors"] as const).map((kind) => ({
        labels: { scenario: result.scenario.name, system, kind },
        value: totalOf(standing, kind),
      })),
    );
  return {
    name: "silverbench_faults",
    help: "Faults over all rounds, discarded ones too.",
    samples,
  };
}

function ratios({ scenario, comparisons }: Result): Family {
  const stated = comparisons.filter(({ recallAt }) => recallAt !== null);
  const samples = stated.flatMap(({ metric, of, over, ratio, low, high }) =>
    (["value", "low", "high"] as const).flatMap((bound) => {
      const value = { value: ratio, low, high }[bound];
      const labels = { scenario: scenario.name, metric, of, over, bound };
      return value === null ? [] : [{ labels, value }];
    }),
  );
  return { name: "silverbench_ratio", help: "Paired ratio with its 95% interval.", samples };
}

function dollars({ scenario, cost }: Result): Family {
  const samples = cost.map(({ system, basis, dollarsPerMillion }) => ({
    labels: { scenario: scenario.name, system, basis },
    value: dollarsPerMillion,
  }));
  return { name: "silverbench_dollars_per_million", help: "Dollars a million requests.", samples };
}

function familyText({ name, help, samples }: Family): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels, value }) => `${name}{${labelText(labels)}} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines, ""].join("\n");
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${escapeLabel(value)}"`)
    .join(",");
}

const escapeLabel = (text: string): string =>
  text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', String.raw`\"`)
    .replaceAll("\n", String.raw`\n`);
