import type { Histogram } from "../math/histogram.ts";
import { frontierOf } from "../result/frontier.ts";
import { IN_PROCESS, MESH, MODEL } from "../result/sample-result.fixture.ts";
import type { SampleOptions } from "../result/sample-result.fixture.ts";
import type { Point, Result } from "../result/schema.ts";
import { decidedSample } from "./decided-result.fixture.ts";

const RATES = [200, 400, 800, 1600, 3200];
/** Cells of selectivity x correlation: share that passes, lift, and how much faster they are asked. */
const CELLS = { half: [0.5, 1, 0.8], near: [0.026, 9, 0.6], far: [0.025, 0.3, 2] } as const;
const COUNTERS = { "wire.calls": 4, "wire.response_bytes": 18_400, "index.searches": 1 };

/**
 * The made-up result with everything that a result may hold: a GPU and a fused engine, a sweep,
 * open loops at several rates, searches for the highest rate, a filter matrix, counters and power.
 */
export async function richSample(
  options: Pick<SampleOptions, "rounds" | "samplesPerPoint"> = {},
): Promise<{ result: Result; samples: Map<string, Histogram> }> {
  const gpu = { ...MODEL, throughput: 9400, p50: 1.6, cpuMs: 0.11, batch: 41 };
  const behaviours = {
    mesh: { ...MESH, counters: COUNTERS },
    "mesh-in-process": IN_PROCESS,
    model: MODEL,
    "model-gpu": gpu,
    "model-fused": { ...gpu, throughput: 31_000, p50: 0.9, cpuMs: 0.09, batch: 88 },
  };
  return decidedSample({ ...options, behaviours }, enrich);
}

function enrich(result: Result): Result {
  const { systems } = result;
  const points = result.points.map((point) => {
    if (point.system === "mesh")
      return { ...point, faults: [struck(point, 1.4), struck(point, null)] };
    if (point.system === "model") return { ...point, updates: followed(point) };
    return /gpu|fused/.test(point.system)
      ? {
          ...point,
          gpu: { busySeconds: 2.9, memoryBytes: 3.2e9, watts: 410 },
          course: withGpu(point),
        }
      : point;
  });
  const swept = points.filter(({ system }) => ["mesh", "model"].includes(system));
  const weather = (point: Point, i: number): Point => {
    const ms = 8 * (1 + 0.04 * (i % 5)) * (i % 29 === 28 ? 1.6 : 1);
    return { ...point, calibration: { ms, deviation: ms / 8.6 - 1, flagged: i % 29 === 28 } };
  };
  const richer: Result = {
    ...result,
    scenario: {
      ...result.scenario,
      loads: {
        ...result.scenario.loads,
        open: { shape: "server", ratePerSecond: RATES, seconds: 4, arrivals: "poisson" },
        max: { shape: "capacity", seconds: 4 },
        ...Object.fromEntries(
          Object.keys(CELLS).map((name) => [name, { shape: "closed", filters: [name] }]),
        ),
      },
    },
    dataset: {
      ...result.dataset,
      filters: Object.entries(CELLS).map(([name, [passRate, lift]]) => {
        return { name, template: `u < ${passRate * 100}`, weight: 1, passRate, lift, requests: 9 };
      }),
    },
    systems: {
      ...systems,
      "model-gpu": { ...systems["model-gpu"]!, device: "cuda" },
      "model-fused": { ...systems["model-fused"]!, engine: "fused", device: "webgpu" },
    },
    points: [
      ...points,
      ...swept.flatMap((point) => [
        variantOf(point, "effort=16", 1.7, 0.9),
        variantOf(point, "effort=64", 1.3, 0.94),
        variantOf(point, "effort=512", 0.6, 0.97),
      ]),
      ...points.flatMap((point) => RATES.map((rate) => offered(point, rate))),
      ...swept.map(searched),
      ...points.flatMap(inCells),
    ].map(weather),
  };
  return { ...richer, frontier: frontierOf(richer) };
}

function withGpu({ course }: Point): Point["course"] {
  return course && { ...course, gpus: [0.7, 0.72, null, 0.74], watts: [380, 405, null, 415] };
}

function followed({ round }: Point): Point["updates"] {
  return {
    perSecond: 50,
    takenPerSecond: 49,
    taken: 200,
    visibleMs: { p50: 12 + round, p99: round === 2 ? null : 80, max: 95 + round },
    overMs: { p50: 4, max: 9 - round },
    lostAfterSeconds: 15,
    seen: 200 - 10 * (round - 1),
    unseen: 10 * (round - 1),
    scored: 2000,
    versions: { model: 200 * round, newest: 200 * round },
  };
}

/** @param recoverySeconds null: it did not come back in the last round. */
function struck({ round }: Point, recoverySeconds: number | null): Point["faults"][number] {
  const isBack = recoverySeconds !== null || round === 1;
  return {
    service: recoverySeconds === null ? "filter" : "index",
    kind: recoverySeconds === null ? "hang" : "kill",
    atSeconds: recoverySeconds === null ? 3 : 1,
    seconds: 1,
    downSeconds: 1.1,
    errors: 12,
    partial: 3,
    recoverySeconds: isBack ? (recoverySeconds ?? 2) + round / 100 : null,
  };
}

function variantOf(point: Point, variant: string, speed: number, recall: number): Point {
  return {
    ...point,
    key: `${point.system}[${variant}]/closed/${point.round}`,
    variant,
    recall: recall * (point.recall ?? 1),
    throughputPerSecond: point.throughputPerSecond * speed,
    samples: "",
  };
}

/** A point in each cell; of the model also with less effort. */
function inCells(point: Point): Point[] {
  return Object.entries(CELLS).flatMap(([load, [, , speed]]) => {
    const throughputPerSecond = point.throughputPerSecond * speed;
    const key = `${point.system}/${load}/${point.round}`;
    const cell = { ...point, key, load, throughputPerSecond, filters: [], samples: "" };
    if (point.system !== "model") return [cell];
    const quick = {
      variant: "effort=16",
      recall: 0.9,
      key: `model[effort=16]/${load}/${point.round}`,
    };
    return [cell, { ...cell, ...quick, throughputPerSecond: throughputPerSecond * 1.8 }];
  });
}

/** As a queue would have it: latency grows with the share of the capacity that is asked for. */
function offered(point: Point, rate: number): Point {
  const share = rate / point.throughputPerSecond;
  const isOver = share >= 0.97;
  const slower = isOver ? 40 : 0.35 / (1 - share);
  const { p50, p99 } = point.latencyMs;
  return {
    ...point,
    key: `${point.system}/open@${rate}/${point.round}`,
    load: "open",
    offeredPerSecond: rate,
    throughputPerSecond: isOver ? point.throughputPerSecond : rate,
    state: isOver ? "overloaded" : "ok",
    latencyMs: { ...point.latencyMs, p50: p50! * slower, p99: p99! * slower },
    client: { ...point.client, floorP99Ms: 0.4 + rate / 4000 },
    batch: point.batch && {
      mean: 1 + point.batch.mean! * Math.min(1, share),
      p99: point.batch.p99,
    },
    samples: "",
  };
}

function searched(point: Point): Point {
  const held = point.throughputPerSecond * 0.9;
  const rates = [
    held / 8,
    held / 4,
    held / 2,
    held,
    held * 2,
    held * 1.5,
    held * 1.25,
    held * 1.06,
  ];
  return {
    ...point,
    key: `${point.system}/max/${point.round}`,
    load: "max",
    offeredPerSecond: held,
    throughputPerSecond: held,
    capacity: {
      heldPerSecond: held,
      brokePerSecond: held * 1.06,
      confirmed: true,
      limit: "server",
      probes: rates.map((ratePerSecond) => ({
        ratePerSecond,
        seconds: 2,
        p99Ms:
          ratePerSecond <= held ? 20 + (150 * ratePerSecond) / held : (300 * ratePerSecond) / held,
        held: ratePerSecond <= held,
        limit: ratePerSecond <= held ? ("none" as const) : ("server" as const),
        reason: ratePerSecond <= held ? "" : "p99 above the objective",
      })),
    },
    samples: "",
  };
}
