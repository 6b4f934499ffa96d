import { Histogram } from "../math/histogram.ts";
import { calibrate, warmCalibration } from "../measure/calibration.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { System } from "../system.ts";
import { type DispatcherSpeed, measureDispatcher } from "./dispatcher-speed.ts";
import { driveFrom } from "./drive.ts";
import type { ClientKind } from "./load-client.ts";
import { LoadThreads } from "./load-threads.ts";
import { startScripted } from "./probe-system.ts";

/** What the load generator can do by itself, and how steady the machine was meanwhile. */
export interface Speeds {
  /** One a pass. */
  readonly dispatcher: readonly DispatcherSpeed[];
  readonly clients: readonly ClientSpeed[];
  /** Requests a CPU second of the lean client over those of grpc-js, in each pass. */
  readonly leanOverGrpcJs: readonly number[];
  /** Memory of one latency series, whatever its length. */
  readonly histogramBytes: number;
  /** Longest over shortest of the same piece of work, done between all of this. */
  readonly machineDrift: number;
}

export interface ClientSpeed {
  readonly client: ClientKind;
  readonly perSecond: number;
  /** Of the load's thread. */
  readonly cpuShare: number;
  readonly perCpuSecond: number;
}

const PASSES = 3;
const IN_FLIGHT = 32;
const CLIENT_SECONDS = 2;
const HISTOGRAMS = 20;

const REQUEST: RetrievalRequest = {
  user: { kind: "id", id: 7 },
  k: 1,
  filter: "lang:en AND age_days <= 30",
  exclude: Float64Array.from({ length: 20 }, (_, i) => i),
};

/** Measures what the ruler itself is made of. Not a test: figures depend on the machine. */
export async function measureSpeeds(signal: AbortSignal): Promise<Speeds> {
  warmCalibration();
  const work = [calibrate()];
  const dispatcher = await measureDispatcher();
  work.push(calibrate());
  const clients: ClientSpeed[] = [];
  const leanOverGrpcJs: number[] = [];
  await using threads = new LoadThreads();
  await using system = await startScripted(
    "null",
    { kind: "constant", delayMs: 0 },
    {
      name: "null",
      cpus: null,
      limits: { items: 10, userDim: 1, queryDim: 1, maxInFlight: 100_000 },
      onProgress: () => {},
      signal,
    },
  );
  for (let pass = 0; pass <= PASSES; pass++) {
    const [lean, grpcJs] = [
      await clientSpeed("lean", system, threads, signal),
      await clientSpeed("grpc-js", system, threads, signal),
    ];
    work.push(calibrate());
    if (pass === 0) continue; // compiles both
    clients.push(lean, grpcJs);
    leanOverGrpcJs.push(lean.perCpuSecond / grpcJs.perCpuSecond);
  }
  return {
    dispatcher,
    clients,
    leanOverGrpcJs,
    histogramBytes: histogramBytes(),
    machineDrift: Math.max(...work) / Math.min(...work),
  };
}

async function clientSpeed(
  client: ClientKind,
  system: Pick<System, "address" | "httpAddress" | "tls">,
  threads: LoadThreads,
  signal: AbortSignal,
): Promise<ClientSpeed> {
  const {
    completed,
    seconds,
    client: usage,
  } = await driveFrom(threads, {
    system,
    load: { shape: "closed", inFlight: IN_FLIGHT, client, connections: 1 },
    requests: [REQUEST],
    startAt: 0,
    seconds: CLIENT_SECONDS,
    requestTimeoutMs: 10_000,
    signal,
  });
  const perSecond = completed / seconds;
  return { client, perSecond, cpuShare: usage.cpuShare, perCpuSecond: perSecond / usage.cpuShare };
}

/** The arrays behind the histograms are outside of the heap. */
function histogramBytes(): number {
  const held: Histogram[] = [];
  const before = memory();
  for (let i = 0; i < HISTOGRAMS; i++) {
    const histogram = Histogram.create();
    for (let value = 1; value < 3_000_000_000; value *= 1.5) histogram.record(value);
    held.push(histogram);
  }
  return (memory() - before) / held.length;
}

const memory = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
