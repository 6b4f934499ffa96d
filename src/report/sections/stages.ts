import { median } from "../../math/quantile.ts";
import { axisEnd, barSpec, labelWidthOf } from "../bar-spec.ts";
import type { Bar } from "../bar-spec.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatCount, formatMs, formatNumber } from "../format.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

/** What a stage took in the rounds that count. */
export interface StageDigest {
  readonly stage: string;
  /** Of the rounds' medians and 99th percentiles; null where no round has one. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly count: number;
  readonly totalSeconds: number;
}

/** The mesh hop by hop beside the model stage by stage. */
export function stagesSection(digest: Digest): Section | null {
  const measured = digest.systems
    .map((system) => ({ system, stages: stagesOf(system) }))
    .filter(({ stages }) => stages.length > 0);
  if (measured.length === 0) return null;
  const bars = measured.map(({ system, stages }) =>
    stages.map((stage) => toBar(stage, system.mark.color)),
  );
  const upTo = axisEnd(bars.flat());
  const labelWidth = labelWidthOf(bars.flat());
  return {
    id: "stages",
    title: "Where the time goes",
    lead: "Each system's own clocks, stage by stage. Stages nest and overlap (a search at the gateway holds the search at the index), so they do not add up.",
    body: renderFigure({
      charts: measured.map(({ system, stages }, i) => ({
        id: `stages-${i + 1}`,
        heading: systemName(system),
        spec: barSpec(bars[i]!, { title: "ms a call", upTo, labelWidth }),
        alt: `${system.name}: ${stages.map(({ stage, p50, p99 }) => `${stage} p50 ${formatMs(p50)}, p99 ${formatMs(p99)}`).join("; ")}.`,
      })),
      says: "Bars end at the p50 of a call, ticks stand at its p99, both in milliseconds and medians over rounds. The axes are alike.",
      basis: basisOf(digest),
      table: {
        caption: "Time in each stage",
        columns: ["system", "stage", "p50, ms", "p99, ms", "calls", "total, s"].map((label, i) => ({
          label,
          align: i < 2 ? ("left" as const) : ("right" as const),
        })),
        rows: measured.flatMap(({ system, stages }) =>
          stages.map(({ stage, p50, p99, count, totalSeconds }) => [
            systemName(system),
            stage,
            formatNumber(p50),
            formatNumber(p99),
            formatCount(count),
            formatNumber(totalSeconds),
          ]),
        ),
      },
    }),
  };
}

export function stagesOf({ standing }: SystemDigest): StageDigest[] {
  const names = new Set(standing.valid.flatMap(({ stages }) => Object.keys(stages)));
  return [...names].map((stage) => {
    const rounds = standing.valid.flatMap(({ stages }) => stages[stage] ?? []);
    const known = (share: "p50" | "p99"): number | null => {
      const values = rounds.flatMap((round) => round[share] ?? []);
      return values.length === 0 ? null : median(values);
    };
    return {
      stage,
      p50: known("p50"),
      p99: known("p99"),
      count: rounds.reduce((sum, round) => sum + round.count, 0),
      totalSeconds: rounds.reduce((sum, round) => sum + round.totalSeconds, 0),
    };
  });
}

function toBar({ stage, p50, p99 }: StageDigest, color: string): Bar {
  const bar = { label: stage, value: p50 ?? 0, color, text: formatNumber(p50) };
  return p99 === null ? bar : { ...bar, tick: p99, text: `${bar.text} to ${formatNumber(p99)}` };
}
