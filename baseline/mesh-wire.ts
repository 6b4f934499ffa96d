import { fileURLToPath } from "node:url";
import { threadId } from "node:worker_threads";
import { type ErrorCode, HarnessError } from "../src/errors.ts";
import type { ProcessStats } from "../src/door/stats.ts";
import type { GrpcClient } from "../src/door/grpc-client.ts";
import { addCounters, trafficCounters } from "../src/door/traffic.ts";
import type { MeshService, ServiceStats } from "./services.ts";

// What the services of mesh.proto have in common on the wire.

export const MESH_PROTO = fileURLToPath(new URL("./mesh.proto", import.meta.url));

export const FEATURE_SERVICE = "silverbench.mesh.v1.Feature";
export const FILTER_SERVICE = "silverbench.mesh.v1.Filter";
export const INDEX_SERVICE = "silverbench.mesh.v1.Index";
export const RANKER_SERVICE = "silverbench.mesh.v1.Ranker";
export const TOWER_SERVICE = "silverbench.mesh.v1.Tower";

/** Fault; the .proto loader gives null where none is set. */
export interface WireFault {
  readonly code: string;
  readonly message: string;
  readonly where: string;
  readonly hint: string;
}

export function encodeFault({ code, message, where, hint }: HarnessError): WireFault {
  return { code, message, where: where ?? "", hint: hint ?? "" };
}

export function decodeFault({ code, message, where, hint }: WireFault): HarnessError {
  return new HarnessError(code as ErrorCode, message, {
    ...(where === "" ? {} : { where }),
    ...(hint === "" ? {} : { hint }),
  });
}

interface WireStats {
  readonly pid: number;
  readonly thread: number;
  readonly role: string;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly contextSwitches: number;
  readonly stages: Readonly<Record<string, string>>;
  readonly counters: Readonly<Record<string, number>>;
  readonly servers: readonly ProcessStats[];
}

/** How long a service may take to say what it has used. */
const STATS_MS = 5_000;

/** The Stats handler of any service. */
export function statsHandler(service: MeshService): () => Promise<WireStats> {
  return async () => {
    const [own, ...servers] = await service.stats();
    const { process, stages, counters } = own!;
    return {
      ...process,
      thread: threadId,
      stages: Object.fromEntries(stages),
      counters: Object.fromEntries(addCounters([counters, trafficCounters()])),
      servers: servers.map((server) => server.process),
    };
  };
}

/** @returns of the service's own process first, then of servers that it depends on. */
export async function callStats(client: GrpcClient): Promise<ServiceStats[]> {
  const options = { timeoutMs: STATS_MS };
  const { stages, counters, servers, thread, ...own } = await client.call<object, WireStats>(
    "Stats",
    {},
    options,
  );
  const told = new Map(Object.entries(counters));
  if (own.pid === process.pid && thread === threadId) {
    // What crossed the wire is counted by thread, and whoever asks tells it of this one.
    for (const name of trafficCounters().keys()) told.delete(name);
  }
  const first = { process: own, stages: new Map(Object.entries(stages)), counters: told };
  const none = { stages: new Map<string, string>(), counters: new Map<string, number>() };
  return [first, ...servers.map((server) => ({ process: server, ...none }))];
}
