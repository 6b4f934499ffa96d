import { Random } from "../math/random.ts";
import { arrivalTimes, steadyRate } from "./arrivals.ts";
import type { LoadClient } from "./load-client.ts";
import { pumpOpenLoop } from "./open-loop.ts";
import { Recorder } from "./recorder.ts";
import type { RequestBytes } from "./request-bytes.ts";
import { Walk } from "./walk.ts";

/** One second of an open loop onto a target that takes no time. */
export interface DispatcherSpeed {
  readonly offeredPerSecond: number;
  readonly sentPerSecond: number;
  /** How late requests went out. */
  readonly lagP99Ms: number;
  /** Share of a core that it used, looking at the clock aside. */
  readonly cpuShare: number;
  readonly gcShare: number;
  /** Share of the time that others had its core; null where unknown. */
  readonly waitShare: number | null;
}

/** What it has to hold, and what shows where it ends. */
const RATES = [500_000, 500_000, 500_000, 1_000_000] as const;
const SECONDS = 1;
/** Passes that compile it. */
const WARM_UPS = 3;
const ANSWER_BYTES = 12;
/** Nobody reads it. */
const ONE_REQUEST: RequestBytes = {
  bytes: new SharedArrayBuffer(100),
  offsets: Float64Array.of(0, 100),
};

/** The pump and the recorder against a target in this very thread that answers at once. */
export async function measureDispatcher(): Promise<DispatcherSpeed[]> {
  for (let pass = 0; pass < WARM_UPS; pass++) await dispatch(RATES[0]);
  const passes: DispatcherSpeed[] = [];
  for (const rate of RATES) passes.push(await dispatch(rate));
  return passes;
}

async function dispatch(offeredPerSecond: number): Promise<DispatcherSpeed> {
  const answer = Buffer.alloc(ANSWER_BYTES);
  const client: LoadClient = { send: (_, onDone) => onDone(null, answer), close: () => {} };
  const rate = steadyRate(offeredPerSecond, SECONDS);
  const dueMs = arrivalTimes({ rate, arrivals: "poisson", random: new Random(1) });
  const recorder = new Recorder({ seconds: SECONDS, counts: "due" });
  const startMs = performance.now() + 2;
  recorder.open(startMs);
  await pumpOpenLoop({
    client,
    recorder,
    walk: new Walk(ONE_REQUEST, 0),
    startMs,
    task: { dueMs, runUpMs: 0, seconds: SECONDS, maxInFlight: 1_000 },
  });
  const { completed, seconds, client: usage } = recorder.finish(0);
  const { lagP99Ms, cpuShare, gcShare, waitShare } = usage;
  const sentPerSecond = completed / seconds;
  return { offeredPerSecond, sentPerSecond, lagP99Ms, cpuShare, gcShare, waitShare };
}
