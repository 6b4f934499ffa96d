import type { DrivenSpec } from "../scenario/planned-loads.ts";
import { type RateFunction, expectedArrivals, rateSeconds } from "./arrivals.ts";
import type { Drive } from "./drive.ts";
import type { Trace } from "./replay.ts";
import { replaySchedule } from "./replay.ts";
import { rateFunction, type RateSpec, serverSchedule } from "./server.ts";
import { singleStream } from "./single-stream.ts";

/** A load of a scenario as it is driven once. */
export interface PreparedLoad {
  readonly drive: Drive;
  /** Length of the window. */
  readonly seconds: number;
  /** Requests a second that are due, on average; null where the answers set the pace. */
  readonly offeredPerSecond: number | null;
  /** Requests that are kept under way; null where arrivals or the system decide that. */
  readonly inFlight: number | null;
}

/** What a load is prepared from, beside its spec. */
export interface LoadParts {
  /** Steady rate, of a list of rates or of a search; null: as the spec says. */
  readonly ratePerSecond: number | null;
  /** Of the arrivals. */
  readonly seed: number;
  /** Different requests at hand. */
  readonly distinct: number;
  readonly trace: Trace | null;
  /** A length other than the spec's, as of a warm-up. */
  readonly seconds?: number;
}

/** Draws what of a load is drawn: the same parts give the same load. */
export function prepareLoad(spec: DrivenSpec, parts: LoadParts): PreparedLoad {
  switch (spec.shape) {
    case "closed": {
      const { inFlight, client, connections } = spec;
      const drive: Drive = { shape: "closed", inFlight, client, connections };
      return { drive, seconds: parts.seconds ?? spec.seconds, offeredPerSecond: null, inFlight };
    }
    case "single-stream": {
      const seconds = parts.seconds ?? spec.seconds;
      return { drive: singleStream(spec), seconds, offeredPerSecond: null, inFlight: 1 };
    }
    case "multi-stream": {
      const { samples, client, connections } = spec;
      const drive: Drive = { shape: "multi-stream", samples, client, connections };
      const seconds = parts.seconds ?? spec.seconds;
      return { drive, seconds, offeredPerSecond: null, inFlight: samples };
    }
    case "http": {
      const { connections } = spec;
      const seconds = parts.seconds ?? spec.seconds;
      const drive: Drive = { shape: "http", connections };
      return { drive, seconds, offeredPerSecond: null, inFlight: connections };
    }
    case "offline": {
      const { count = parts.distinct, maxInFlight, client, connections } = spec;
      const drive: Drive = { shape: "offline", count, maxInFlight, client, connections };
      return { drive, seconds: spec.seconds, offeredPerSecond: null, inFlight: null };
    }
    case "server":
    case "capacity":
      return prepareServer(spec, parts);
    case "replay": {
      const { maxInFlight, client, connections, speed } = spec;
      const schedule = replaySchedule(parts.trace!, speed);
      const { seconds, dueMs } = schedule;
      const drive: Drive = { shape: "open", schedule, maxInFlight, client, connections };
      return { drive, seconds, offeredPerSecond: dueMs.length / seconds, inFlight: null };
    }
  }
}

function prepareServer(
  spec: Extract<DrivenSpec, { shape: "server" | "capacity" }>,
  parts: LoadParts,
): PreparedLoad {
  const { arrivals, maxInFlight, client, connections } = spec;
  const rate = rateOf(spec, parts.ratePerSecond);
  const seconds = parts.seconds ?? spec.seconds;
  const schedule = serverSchedule({ rate, arrivals, seconds, seed: parts.seed });
  return {
    drive: { shape: "open", schedule, maxInFlight, client, connections },
    seconds: schedule.seconds,
    offeredPerSecond: meanRate(rateFunction(rate, seconds)),
    inFlight: null,
  };
}

function rateOf(
  spec: Extract<DrivenSpec, { shape: "server" | "capacity" }>,
  ratePerSecond: number | null,
): RateSpec {
  if (ratePerSecond !== null) return ratePerSecond;
  if (spec.shape === "capacity") return spec.fromPerSecond;
  const { ratePerSecond: stated } = spec;
  return Array.isArray(stated) ? stated[0]! : stated;
}

const meanRate = (rate: RateFunction): number => expectedArrivals(rate) / rateSeconds(rate);
