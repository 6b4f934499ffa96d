import { median } from "../../math/quantile.ts";
import { METRICS } from "../../result/metric.ts";
import { axisEnd, barSpec, labelWidthOf } from "../bar-spec.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatBytes, formatNumber } from "../format.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

/** What one process of a system took, over the rounds that count. */
export interface ProcessDigest {
  readonly role: string;
  readonly cpuMsPerRequest: number;
  readonly rssBytes: number;
}

const TOTAL = "together";

/** CPU by process: who does the work. */
export function processesSection(digest: Digest): Section | null {
  const measured = digest.systems
    .map((system) => ({ system, processes: processesOf(system) }))
    .filter(({ processes }) => processes.length > 0);
  if (measured.length === 0) return null;
  const bars = measured.map(({ system, processes }) =>
    withTotal(processes).map(({ role, cpuMsPerRequest }) => ({
      label: role,
      value: cpuMsPerRequest,
      text: formatNumber(cpuMsPerRequest),
      color: role === TOTAL ? "var(--rule)" : system.mark.color,
    })),
  );
  const upTo = axisEnd(bars.flat());
  const labelWidth = labelWidthOf(bars.flat());
  return {
    id: "processes",
    title: "CPU, process by process",
    lead: "User and system time of all threads during the round, over the answers of the round. Milliseconds a request are seconds per thousand requests.",
    body: renderFigure({
      charts: measured.map(({ system }, i) => ({
        id: `processes-${i + 1}`,
        heading: systemName(system),
        spec: barSpec(bars[i]!, { title: "CPU ms a request", upTo, labelWidth }),
        alt: `${system.name}: ${bars[i]!.map(({ label, text }) => `${label} ${text} ms`).join(", ")}.`,
      })),
      says: "Medians over valid rounds. The axes are alike.",
      basis: basisOf(digest),
      table: {
        caption: "CPU and memory of each process",
        columns: ["system", "process", "CPU ms a request", "resident memory"].map((label, i) => ({
          label,
          align: i < 2 ? ("left" as const) : ("right" as const),
        })),
        rows: measured.flatMap(({ system, processes }) =>
          withTotal(processes).map(({ role, cpuMsPerRequest, rssBytes }) => [
            systemName(system),
            role,
            formatNumber(cpuMsPerRequest),
            formatBytes(rssBytes),
          ]),
        ),
      },
    }),
  };
}

/** Several processes and their sum: the medians of the parts, so near the median of the whole. */
function withTotal(processes: readonly ProcessDigest[]): readonly ProcessDigest[] {
  if (processes.length < 2) return processes;
  const cpuMsPerRequest = processes.reduce((sum, process) => sum + process.cpuMsPerRequest, 0);
  const rssBytes = processes.reduce((sum, process) => sum + process.rssBytes, 0);
  return [...processes, { role: TOTAL, cpuMsPerRequest, rssBytes }];
}

export function processesOf({ standing }: SystemDigest): ProcessDigest[] {
  const rounds = standing.valid.filter(({ completed }) => completed > 0);
  const roles = new Set(rounds.flatMap(({ processes }) => processes.map(({ role }) => role)));
  return [...roles].map((role) => {
    const own = rounds.map((point) => {
      // A role may have several processes; their work adds up. Processes are read over the whole
      // stretch, run-up included, so it is their shares that are taken, of the point's CPU time.
      const alike = point.processes.filter((process) => process.role === role);
      const rssBytes = alike.reduce((sum, process) => sum + process.rssBytes, 0);
      const all = cpuOf(point.processes);
      const share = all === 0 ? 0 : cpuOf(alike) / all;
      return { cpuMs: share * (METRICS.cpu.of(point) ?? (all * 1000) / point.completed), rssBytes };
    });
    return {
      role,
      cpuMsPerRequest: median(own.map(({ cpuMs }) => cpuMs)),
      rssBytes: Math.max(...own.map(({ rssBytes }) => rssBytes)),
    };
  });
}

function cpuOf(processes: readonly { readonly cpuSeconds: number }[]): number {
  return processes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}
