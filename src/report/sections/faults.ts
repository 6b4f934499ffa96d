import { median } from "../../math/quantile.ts";
import type { Point } from "../../result/schema.ts";
import { axisEnd, barSpec, labelWidthOf } from "../bar-spec.ts";
import type { Bar } from "../bar-spec.ts";
import { renderFigure } from "../figure.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { formatCount, formatNumber, formatSeconds, MISSING } from "../format.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

type Fault = Point["faults"][number];

/** One fault of the scenario on one system, over all rounds in which it was struck. */
export interface FaultDigest {
  readonly system: SystemDigest;
  readonly what: string;
  readonly atSeconds: number;
  /** How long it was meant to last. */
  readonly seconds: number;
  /** Medians over the rounds; recovery is null where a round saw none. */
  readonly downSeconds: number;
  readonly recoverySeconds: number | null;
  /** Of all rounds together. */
  readonly errors: number;
  readonly partial: number;
  readonly rounds: number;
  /** Rounds after which no good answer came any more. */
  readonly lost: number;
}

/** What was broken on purpose, and how each system bore it; null where nothing was. */
export function faultsSection(digest: Digest): Section | null {
  const found = digest.systems.flatMap(faultsOf);
  if (found.length === 0) return null;
  const struck = digest.systems.filter((system) => found.some((each) => each.system === system));
  const bars = struck.map((system) => found.filter((each) => each.system === system).map(toBar));
  const options = {
    title: "seconds until whole again",
    upTo: axisEnd(bars.flat()),
    labelWidth: labelWidthOf(bars.flat()),
  };
  return {
    id: "faults",
    title: "What was broken, and how it was borne",
    lead: "Services were killed, stopped or slowed on purpose in mid-load. Latency, errors and throughput of these points hold what that cost.",
    body: renderFigure({
      charts: struck.map((system, i) => ({
        id: `faults-${i + 1}`,
        heading: systemName(system),
        spec: barSpec(bars[i]!, options),
        alt: `${system.name}: ${bars[i]!.map(({ label, text }) => `${label} ${text}`).join(", ")}.`,
      })),
      says: "Bars end at the first good answer after all errors and partial ones, counted from the strike; the tick is when the process was there again. Medians over the rounds. No bar: no request felt it, or the system did not come back, as the text says.",
      basis: basisOf(digest),
      table: {
        caption: "Faults and recovery",
        columns: [
          "system",
          "fault",
          "at, s",
          "for, s",
          "process back after, s",
          "whole again after, s",
          "errors",
          "partial answers",
          "rounds",
        ].map((label, i) => ({ label, align: i < 2 ? ("left" as const) : ("right" as const) })),
        rows: found.map((each) => [
          systemName(each.system),
          each.what,
          formatNumber(each.atSeconds),
          formatNumber(each.seconds),
          formatNumber(each.downSeconds),
          each.recoverySeconds === null ? MISSING : formatNumber(each.recoverySeconds),
          formatCount(each.errors),
          formatCount(each.partial),
          each.lost === 0 ? String(each.rounds) : `${each.rounds}, not back in ${each.lost}`,
        ]),
      },
    }),
  };
}

/** By fault, since each is struck in the same second of every round. */
export function faultsOf(system: SystemDigest): FaultDigest[] {
  const struck = new Map<string, Fault[]>();
  for (const fault of system.standing.points.flatMap(({ faults }) => faults)) {
    const key = JSON.stringify([fault.atSeconds, fault.kind, fault.service]);
    struck.set(key, [...(struck.get(key) ?? []), fault]);
  }
  return [...struck.values()].map((faults) => {
    const [{ kind, service, atSeconds, seconds }] = faults as [Fault];
    const recoveries = faults.flatMap(({ recoverySeconds }) => recoverySeconds ?? []);
    const lost = faults.length - recoveries.length;
    const sum = (of: (fault: Fault) => number): number =>
      faults.reduce((total, fault) => total + of(fault), 0);
    return {
      system,
      what: `${kind} ${service}`,
      atSeconds,
      seconds,
      downSeconds: median(faults.map(({ downSeconds }) => downSeconds)),
      recoverySeconds: lost > 0 ? null : median(recoveries),
      errors: sum(({ errors }) => errors),
      partial: sum(({ partial }) => partial),
      rounds: faults.length,
      lost,
    };
  });
}

function toBar({ what, recoverySeconds, downSeconds, system }: FaultDigest): Bar {
  const value = recoverySeconds ?? 0;
  const text = recoverySeconds === null ? "not back" : formatSeconds(value);
  return { label: what, value, text, color: system.mark.color, tick: downSeconds };
}
