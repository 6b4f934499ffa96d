import { Histogram } from "../math/histogram.ts";
import type { ThreadUsage } from "../measure/event-loop.ts";
import type { Answer } from "../retrieval/request.ts";
import { KeptAnswers } from "./kept-answers.ts";
import type { ErrorTally, Observations, RawObservations } from "./observations.ts";

/**
 * What all threads of a load saw together: counts are added, histograms merged (percentiles never
 * are), and of the threads themselves the busiest is shown.
 */
export function mergeObservations(
  parts: readonly RawObservations[],
  decode: (bytes: Buffer) => Answer,
): Observations {
  const total = (of: (part: RawObservations) => number): number =>
    parts.reduce((sum, part) => sum + of(part), 0);
  const longest = (of: (part: RawObservations) => number): number => Math.max(...parts.map(of));
  const isOpen = parts.every(({ offered }) => offered !== null);
  return {
    // Of equal length but for an early end; the mean keeps throughput the sum of the threads'.
    seconds: total(({ seconds }) => seconds) / parts.length,
    completed: total(({ completed }) => completed),
    answered: total(({ answered }) => answered),
    offered: isOpen ? total(({ offered }) => offered!) : null,
    late: total(({ late }) => late),
    unsent: total(({ unsent }) => unsent),
    errors: mergeErrors(parts),
    failuresMs: mergeTimes(parts),
    latency: mergeHistograms(parts.map(({ latency }) => latency)),
    sendLatency: isOpen ? mergeHistograms(parts.map(({ sendLatency }) => sendLatency!)) : null,
    perSecond: { completed: mergeSeconds(parts.map(({ perSecond }) => perSecond.completed)) },
    unfinished: {
      count: total(({ unfinished }) => unfinished.count),
      longestMs: longest(({ unfinished }) => unfinished.longestMs),
    },
    nextAt: longest(({ nextAt }) => nextAt),
    overloaded: parts.find(({ overloaded }) => overloaded !== null)?.overloaded ?? null,
    endedEarly: parts.find(({ endedEarly }) => endedEarly !== null)?.endedEarly ?? null,
    client: busiest(parts.map(({ client }) => client)),
    threads: parts.length,
    answers: new KeptAnswers(
      parts.map(({ answers }) => answers),
      decode,
    ),
  };
}

function mergeHistograms(encoded: readonly string[]): Histogram {
  const merged = Histogram.create();
  for (const text of encoded) merged.add(Histogram.decode(text));
  return merged;
}

/** Times of failures of all parts together, ascending. */
export function mergeTimes(parts: readonly { readonly failuresMs: Float64Array }[]): Float64Array {
  return Float64Array.from(parts.flatMap(({ failuresMs }) => [...failuresMs])).toSorted();
}

/** Failures by code, of all parts together; the first of a kind stays the example. */
export function mergeErrors(
  parts: readonly { readonly errors: ReadonlyMap<string, ErrorTally> }[],
): ReadonlyMap<string, ErrorTally> {
  const merged = new Map<string, ErrorTally>();
  for (const [code, { count, example }] of parts.flatMap(({ errors }) => [...errors])) {
    const before = merged.get(code);
    merged.set(code, {
      count: count + (before?.count ?? 0),
      example: before?.example ?? example,
    });
  }
  return merged;
}

function mergeSeconds(series: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...series.map((counts) => counts.length));
  return Array.from({ length }, (_, second) =>
    series.reduce((sum, counts) => sum + (counts[second] ?? 0), 0),
  );
}

/** The worst of each number: one thread that falls behind spoils the whole. */
function busiest(threads: readonly ThreadUsage[]): ThreadUsage {
  const most = (of: (usage: ThreadUsage) => number): number => Math.max(...threads.map(of));
  const known = threads.every(({ cpuSeconds }) => cpuSeconds !== null);
  const waits = threads.flatMap(({ waitShare }) => (waitShare === null ? [] : [waitShare]));
  return {
    cpuSeconds: known ? most(({ cpuSeconds }) => cpuSeconds!) : null,
    cpuShare: most(({ cpuShare }) => cpuShare),
    lagP99Ms: most(({ lagP99Ms }) => lagP99Ms),
    gcShare: most(({ gcShare }) => gcShare),
    waitShare: waits.length === 0 ? null : Math.max(...waits),
  };
}
