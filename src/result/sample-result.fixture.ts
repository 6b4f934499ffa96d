import { Histogram } from "../math/histogram.ts";
import { Random } from "../math/random.ts";
import { compareSystems } from "./comparisons.ts";
import { collectDoubts } from "./collect-doubts.ts";
import { samplesPath } from "./samples.ts";
import type { Point, Result, SystemResult } from "./schema.ts";

/** How a pretended system behaves. */
export interface Behaviour {
  readonly throughput: number;
  readonly p50: number;
  /** Spread of the latencies' logarithm. */
  readonly spread: number;
  readonly recall: number;
  readonly cpuMs: number;
  /** Share of the CPU time and resident MiB of each process. */
  readonly processes: Readonly<Record<string, readonly [share: number, mebibytes: number]>>;
  /** Median milliseconds of each stage. */
  readonly stages: Readonly<Record<string, number>>;
  readonly batch: number | null;
  /** What it computes on; absent: the processor. */
  readonly device?: string;
  /** Of each counter, how many a request. */
  readonly counters?: Readonly<Record<string, number>>;
}

export const MESH: Behaviour = {
  throughput: 640,
  p50: 22,
  spread: 0.35,
  recall: 0.981,
  cpuMs: 1.52,
  processes: {
    gateway: [0.38, 148],
    index: [0.34, 212],
    feature: [0.13, 131],
    filter: [0.15, 119],
  },
  stages: {
    "gateway.features": 3.1,
    "gateway.filter": 4.4,
    "gateway.search": 11.2,
    "gateway.top-up": 1.9,
    "index.search": 6.8,
    "filter.evaluate": 0.9,
    "feature.read": 0.5,
  },
  batch: 5.2,
};

export const IN_PROCESS: Behaviour = {
  ...MESH,
  throughput: 1180,
  p50: 12.4,
  cpuMs: 0.83,
  processes: { mesh: [1, 391] },
};

export const MODEL: Behaviour = {
  throughput: 2050,
  p50: 7.3,
  spread: 0.22,
  recall: 1,
  cpuMs: 0.47,
  processes: { model: [1, 286] },
  stages: { "door.wait": 2.6, "model.pack": 0.2, "model.run": 4.1, "model.unpack": 0.3 },
  batch: 13.4,
};

export interface SampleOptions {
  readonly seed?: number;
  readonly rounds?: number;
  readonly samplesPerPoint?: number;
  readonly behaviours?: Readonly<Record<string, Behaviour>>;
  readonly complete?: boolean;
  /** Changes a point before comparisons and doubts are derived from it. */
  readonly alter?: (point: Point) => Point;
}

/** A made-up but plausible result with its latencies: for tests, never shown to a user. */
export function sampleResult(options: SampleOptions = {}): {
  result: Result;
  samples: Map<string, Histogram>;
} {
  const { seed = 7, rounds = 5, complete = true, alter = (point) => point } = options;
  const behaviours = options.behaviours ?? {
    mesh: MESH,
    "mesh-in-process": IN_PROCESS,
    model: MODEL,
  };
  const random = new Random(seed);
  const samples = new Map<string, Histogram>();
  const points: Point[] = [];
  for (let round = 1; round <= rounds; round++) {
    const weather = Math.exp(0.12 * random.gaussian());
    for (const [system, behaviour] of Object.entries(behaviours)) {
      const key = `${system}/closed/${round}`;
      const speed = weather * Math.exp(0.025 * random.gaussian());
      const latencies = drawLatencies(behaviour, speed, options.samplesPerPoint ?? 2000, random);
      samples.set(key, latencies);
      points.push(alter(pointOf({ key, system, round, behaviour, speed, latencies })));
    }
  }
  const systems = Object.fromEntries(
    Object.entries(behaviours).map(([name, behaviour]) => [name, systemOf(name, behaviour)]),
  );
  const draft = { ...surroundings(rounds), complete, systems, points };
  if (!complete) draft.incompleteReason = "the process index of mesh died in round 3";
  const comparisons = compareSystems(draft);
  const doubts = collectDoubts({ ...draft, comparisons });
  return { result: { ...draft, comparisons, doubts }, samples };
}

/** The sample with some points changed (`system`, or `system/load/round`), and all that follows. */
export function alteredSample(which: string, change: Partial<Point>, rounds = 5): Result {
  const alter = (point: Point): Point =>
    point.key === which || point.system === which ? { ...point, ...change } : point;
  return sampleResult({ rounds, samplesPerPoint: 50, alter }).result;
}

/** The headline's sample with few latencies, of given systems. */
export function smallSample(behaviours?: Readonly<Record<string, Behaviour>>): Result {
  return sampleResult({ samplesPerPoint: 50, ...(behaviours && { behaviours }) }).result;
}

function drawLatencies(behaviour: Behaviour, speed: number, n: number, random: Random): Histogram {
  const histogram = Histogram.create();
  for (let i = 0; i < n; i++) {
    const hiccup = random.float() < 0.015 ? 2.2 : 1;
    const ms = (behaviour.p50 / speed) * hiccup * Math.exp(behaviour.spread * random.gaussian());
    histogram.recordMs(ms);
  }
  return histogram;
}

interface Measured {
  readonly key: string;
  readonly system: string;
  readonly round: number;
  readonly behaviour: Behaviour;
  readonly speed: number;
  readonly latencies: Histogram;
}

function pointOf({ key, system, round, behaviour, speed, latencies }: Measured): Point {
  const seconds = 4;
  const throughputPerSecond = behaviour.throughput * speed;
  const completed = Math.round(throughputPerSecond * seconds);
  const ms = (share: number): number => latencies.quantile(share) / 1000;
  const cpuSeconds = (completed * behaviour.cpuMs) / 1000;
  return {
    key,
    system,
    variant: "",
    load: "closed",
    round,
    sitting: 1,
    offeredPerSecond: null,
    state: "ok",
    bound: "server",
    verdict: "valid",
    reasons: [],
    partial: 0,
    faults: [],
    seconds,
    completed,
    throughputPerSecond,
    goodputPerSecond: throughputPerSecond,
    errors: 0,
    late: 0,
    unsent: 0,
    latencyMs: {
      p50: ms(0.5),
      p90: ms(0.9),
      p95: ms(0.95),
      p99: ms(0.99),
      p999: null,
      max: latencies.max / 1000,
      mean: latencies.mean / 1000,
    },
    recall: behaviour.recall,
    scored: 2000,
    violations: 0,
    short: 0,
    cpuSeconds,
    rssBytes: Object.values(behaviour.processes).reduce((sum, [, mib]) => sum + mib * 2 ** 20, 0),
    processes: Object.entries(behaviour.processes).map(([role, [share, mib]], position) => ({
      role,
      pid: 4000 + position,
      cpuSeconds: cpuSeconds * share,
      rssBytes: mib * 2 ** 20,
      contextSwitches: completed,
    })),
    gpu: null,
    course: {
      atSeconds: [1, 2, 3, 4],
      cores: [0.9, 1.1, 1.05, 0.95].map((share) => (share * cpuSeconds) / seconds),
      rssMebibytes: [0, 1, 2, 3].map(
        (grown) =>
          grown + Object.values(behaviour.processes).reduce((sum, [, mib]) => sum + mib, 0),
      ),
      gpus: null,
      watts: null,
    },
    updates: null,
    stages: Object.fromEntries(
      Object.entries(behaviour.stages).map(([stage, median]) => [
        stage,
        {
          count: completed,
          p50: median / speed,
          p99: (median * 2.4) / speed,
          totalSeconds: (completed * median * 1.08) / speed / 1000,
        },
      ]),
    ),
    batch: behaviour.batch === null ? null : { mean: behaviour.batch, p99: behaviour.batch * 2 },
    counters: Object.fromEntries(
      Object.entries(behaviour.counters ?? {}).map(([name, each]) => [name, each * completed]),
    ),
    filters: [1, 0.9, 0.9, 0.95].map((share, filter) => ({
      filter,
      answers: Math.round(completed / 4),
      recall: behaviour.recall * share,
      violations: 0,
      short: 0,
      p50Ms: ms(0.5) * share,
      p99Ms: ms(0.99),
    })),
    client: {
      cpuShare: 0.41,
      lagP99Ms: 0.3,
      gcShare: 0.02,
      floorP99Ms: 1.1,
      waitShare: 0,
      threads: 1,
    },
    latencyIntervalsMs: {},
    sendLatencyMs: null,
    calibration: null,
    blocks: [],
    capacity: null,
    samples: samplesPath(key),
  };
}

function systemOf(name: string, behaviour: Behaviour): SystemResult {
  const isMesh = name.startsWith("mesh");
  const door = { maxBatch: 64, maxWaitMs: 0, maxInFlight: 1024 };
  return {
    kind: isMesh ? "mesh" : "index-as-model",
    engine: isMesh ? "hnsw + roaring + lmdb" : "onnx",
    device: behaviour.device ?? "cpu",
    settings: isMesh
      ? {
          ...door,
          index: { kind: "hnsw", precision: "f32", connectivity: 16, expansionSearch: 256 },
          transport: name === "mesh-in-process" ? "in-process" : "grpc",
        }
      : { ...door, engine: "onnx", device: "cpu", precision: "float32" },
    processes: Object.keys(behaviour.processes),
    cpus: [1],
    build: { seconds: isMesh ? 21.4 : 3.2, bytes: isMesh ? 48_000_000 : 21_000_000, cached: false },
  };
}

function surroundings(rounds: number): Omit<Result, "complete" | "systems" | "points"> {
  return {
    schema: "silverbench.result/1",
    silverbench: "0.1.0",
    scenario: {
      name: "sample",
      question:
        "On one ordinary machine, does one model that is the index answer more requests than a mesh of services?",
      hash: "0f3c9d1a7b5e2648",
      text: "schema: silverbench.scenario/1\nname: sample\n",
      headlineLoad: "closed",
      recallTarget: 0.95,
      slo: { p99Ms: 200, recall: 0.95 },
      rounds,
      loads: { closed: { shape: "closed", inFlight: 16, seconds: 4 } },
    },
    seeds: { data: 1, requests: 2, model: 3, arrivals: 4, order: 5 },
    startedAt: "2026-11-22T09:30:00.000Z",
    seconds: 97,
    fingerprint: { scenario: "0f3c9d1a", data: "9b1d44e0", code: "c0de5ea1", machine: "5e1fbe2c" },
    resumptions: [],
    machine: {
      cpu: "AMD EPYC 9575F",
      cores: 2,
      memoryBytes: 24 * 2 ** 30,
      gpu: null,
      os: "Linux 6.1.0 x64 (Debian 12)",
      node: "v20.20.2",
      packages: { "@grpc/grpc-js": "1.14.7", "onnxruntime-node": "1.29.0", usearch: "2.25.3" },
      governor: null,
      virtualised: true,
      class: "5e1fbe2c",
    },
    dataset: {
      name: "synthetic-50000x64",
      hash: "9b1d44e07c2f8a35",
      items: 50_000,
      dim: 64,
      users: 10_000,
      requests: 5000,
      scored: null,
      k: 100,
      filterPassRate: 0.53,
      filters: [
        { name: null, lift: 1, template: "", weight: 4, passRate: 1, requests: 2004 },
        {
          name: null,
          lift: 0.9,
          template: "lang:{lang} AND age_days <= 30",
          weight: 3,
          passRate: 0.118,
          requests: 1483,
        },
        {
          name: null,
          lift: 0.8,
          template: "topic:{topic} OR topic:{topic}",
          weight: 2,
          passRate: 0.241,
          requests: 1011,
        },
        {
          name: null,
          lift: 0.7,
          template: "country IN (us, gb) AND NOT creator:{creator} AND age_days <= 7",
          weight: 1,
          passRate: 0.042,
          requests: 502,
        },
      ],
    },
    model: {
      heads: 1,
      candidates: 1000,
      tower: { kind: "identity" },
      overarch: "none",
      value: "score",
    },
    client: { cpus: [0], threads: 1 },
    tuning: [],
    frontier: [],
    micro: [],
    falseAlarms: null,
    settling: null,
    comparisons: [],
    cost: [],
    doubts: [],
    gates: [],
  };
}
