import type { Histogram } from "../math/histogram.ts";
import { Random } from "../math/random.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { System } from "../system.ts";
import { arrivalTimes, steadyRate } from "./arrivals.ts";
import { type DelayScript, scriptedQuantile } from "./delay-script.ts";
import { drive } from "./drive.ts";
import type { ClientKind } from "./load-client.ts";
import { startScripted } from "./probe-system.ts";

/** A system whose latency is known in advance, and the load that has to read it back. */
export interface SelftestCase {
  readonly name: string;
  readonly script: DelayScript;
  readonly seconds: number;
}

/**
 * Requests a second, evenly spaced, so that every percentile has a closed form; few, so that those
 * who waited for a stall to end are answered soon after, even on a slow machine.
 */
export const RATE = 50;
const RUN_UP_SECONDS = 1;

export const SELFTEST_CASES: readonly SelftestCase[] = [
  { name: "constant 20 ms", script: { kind: "constant", delayMs: 20 }, seconds: 2 },
  {
    name: "one in ten takes 80 ms instead of 10",
    script: { kind: "bimodal", delayMs: 10, slowMs: 80, slowEach: 10 },
    seconds: 3,
  },
  {
    name: "one stall of 2 s",
    script: {
      kind: "stall",
      delayMs: 5,
      // A second into the window.
      afterRequests: RATE * (RUN_UP_SECONDS + 1),
      stallMs: 2_000,
    },
    seconds: 6,
  },
  {
    // A period that no number of arrivals fits into: else all standstills would fall on the same
    // moment between two arrivals, and the closed form, which knows no moments, would not hold.
    name: "it stands still for 300 ms of each 1,005",
    script: { kind: "stop", stopMs: 300, everyMs: 1_005 },
    seconds: 4 * 1.005,
  },
];

/** Microseconds of every request due in the window, from the time it was due. */
export type Measure = (
  system: System,
  selftest: SelftestCase,
  signal: AbortSignal,
) => Promise<Histogram>;

export interface PercentileCheck {
  /** 0..1 */
  readonly share: number;
  readonly truthMs: number;
  readonly measuredMs: number;
  readonly holds: boolean;
}

export interface SelftestOutcome {
  readonly name: string;
  readonly passed: boolean;
  /** How often it was tried: a moment's standstill of the machine is no fault of the ruler. */
  readonly tries: number;
  /** Requests due in the window, and how many of them have a latency. */
  readonly expected: number;
  readonly counted: number;
  readonly checks: readonly PercentileCheck[];
}

const TRIES = 3;

/**
 * Measures a scripted system and holds every percentile against its closed form.
 * @param measure what is tested: the open loop, or in a test a recorder that is wrong on purpose.
 */
export async function runSelftest(
  selftest: SelftestCase,
  measure: Measure,
  signal: AbortSignal,
): Promise<SelftestOutcome> {
  for (let tries = 1; ; tries++) {
    const outcome = await tryOnce(selftest, measure, signal);
    // What reads less than the truth is wrong, however often it is tried.
    const isTooLow = outcome.checks.some(
      ({ holds, measuredMs, truthMs }) => !holds && measuredMs < truthMs,
    );
    if (outcome.passed || isTooLow || tries === TRIES) return { ...outcome, tries };
  }
}

async function tryOnce(
  selftest: SelftestCase,
  measure: Measure,
  signal: AbortSignal,
): Promise<Omit<SelftestOutcome, "tries">> {
  await using system = await startScripted("scripted", selftest.script, {
    name: "scripted",
    cpus: null,
    limits: { items: 1, userDim: 1, queryDim: 1, maxInFlight: 100_000 },
    onProgress: () => {},
    signal,
  });
  const histogram = await measure(system, selftest, signal);
  const checks = checkPercentiles(selftest, histogram);
  const expected = Math.round(RATE * selftest.seconds);
  const counted = histogram.count;
  const passed = counted === expected && checks.every(({ holds }) => holds);
  return { name: selftest.name, passed, expected, counted, checks };
}

/** Percentiles looked at. Beyond the 99th a machine's own standstills are as long as the script's. */
const SHARES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99];
/** Which request falls on which side of a step is known to about this. */
const SHARE_TOLERANCE = 0.01;
/** Clock and histogram read this much less at most, the machine this much more. */
const BELOW_MS = 1;
const ABOVE_MS = 15;
const ABOVE_SHARE = 0.05;
/** What a door may take for each of those who waited, once it goes on. */
const BACKLOG_MS = 0.3;

/** Each percentile of what was measured against its closed form. */
export function checkPercentiles(
  { script, seconds }: Pick<SelftestCase, "script" | "seconds">,
  histogram: Histogram,
): PercentileCheck[] {
  const truth = (share: number): number => scriptedQuantile(script, share, seconds * 1000);
  const aboveMs = ABOVE_MS + BACKLOG_MS * RATE * (longestPauseMs(script) / 1000);
  return SHARES.map((share) => {
    const measuredMs = histogram.quantile(share) / 1000;
    const low = truth(Math.max(0, share - SHARE_TOLERANCE)) - BELOW_MS;
    const high = truth(Math.min(1, share + SHARE_TOLERANCE)) * (1 + ABOVE_SHARE) + aboveMs;
    const holds = measuredMs >= low && measuredMs <= high;
    return { share, truthMs: truth(share), measuredMs, holds };
  });
}

function longestPauseMs(script: DelayScript): number {
  if (script.kind === "stall") return script.stallMs;
  return script.kind === "stop" ? script.stopMs : 0;
}

const REQUEST: RetrievalRequest = {
  user: { kind: "id", id: 0 },
  k: 1,
  filter: "",
  exclude: new Float64Array(),
};

/** The open loop as every measurement uses it. */
export function measureByOpenLoop(client: ClientKind): Measure {
  return async (system, { seconds }, signal) => {
    const rate = steadyRate(RATE, RUN_UP_SECONDS + seconds);
    const dueMs = arrivalTimes({ rate, arrivals: "constant", random: new Random(1) });
    const { latency } = await drive({
      system,
      load: {
        shape: "open",
        schedule: { dueMs, runUpMs: RUN_UP_SECONDS * 1000, seconds },
        maxInFlight: 10_000,
        client,
        connections: 2,
      },
      requests: [REQUEST],
      startAt: 0,
      seconds,
      requestTimeoutMs: 10_000,
      signal,
    });
    return latency;
  };
}
