import { setTimeout as sleep } from "node:timers/promises";
import { ownProcessStats } from "../door/own-process.ts";
import type { DoorLimits, Retriever } from "../door/retriever.ts";
import { openDoor } from "../door/server.ts";
import { runService } from "../process/service-main.ts";
import type { Answer } from "../retrieval/request.ts";

export interface ProbeConfig {
  readonly role: string;
  readonly delayMs: number;
  readonly limits: DoorLimits;
  readonly ports: { readonly grpc?: number; readonly http?: number };
}

export interface ProbeReady {
  readonly grpcPort: number;
  readonly httpPort: number;
}

const NOTHING: Answer = {
  ids: new Float64Array(),
  values: new Float32Array(),
  partial: false,
};

/** Resolves `delayMs` from now, never before: setTimeout alone may be up to a millisecond early. */
async function pause(delayMs: number): Promise<void> {
  const dueMs = performance.now() + delayMs;
  await sleep(delayMs);
  while (performance.now() < dueMs) await new Promise(setImmediate);
}

// The null and the delay system: a front door with nothing behind it but, perhaps, time.
runService<ProbeConfig, ProbeReady>(async ({ role, delayMs, limits, ports }) => {
  const retriever: Retriever = {
    retrieve: async () => {
      if (delayMs > 0) await pause(delayMs);
      return NOTHING;
    },
    stats: async () => ({
      processes: [ownProcessStats(role)],
      devices: [],
      stages: new Map(),
      batchSizes: "",
      counters: new Map(),
    }),
  };
  const door = await openDoor({ retriever, limits, ports });
  return {
    ready: { grpcPort: door.grpcPort, httpPort: door.httpPort },
    stop: async () => {
      await door[Symbol.asyncDispose]();
    },
  };
});
