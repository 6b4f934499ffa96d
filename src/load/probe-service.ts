import { setTimeout as sleep } from "node:timers/promises";
import { ownProcessStats } from "../door/own-process.ts";
import type { DoorLimits, Retriever } from "../door/retriever.ts";
import { openDoor } from "../door/server.ts";
import { runService } from "../process/service-main.ts";
import type { Answer } from "../retrieval/request.ts";
import type { DelayScript } from "./delay-script.ts";

export interface ProbeConfig {
  readonly role: string;
  readonly script: DelayScript;
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

/** Resolves at a time, never before: setTimeout alone may be up to a millisecond early. */
async function until(dueMs: number): Promise<void> {
  await sleep(dueMs - performance.now());
  while (performance.now() < dueMs) await new Promise(setImmediate);
}

/** Performs a script: `pause` a request, for as long as the script says of it. */
class Performance {
  readonly #script: DelayScript;
  #asked = 0;
  #stalledUntilMs = 0;

  constructor(script: DelayScript) {
    this.#script = script;
  }

  async pause(): Promise<void> {
    const script = this.#script;
    const nowMs = performance.now();
    const asked = ++this.#asked;
    switch (script.kind) {
      case "constant":
        if (script.delayMs > 0) await until(nowMs + script.delayMs);
        return;
      case "bimodal":
        await until(nowMs + (asked % script.slowEach === 0 ? script.slowMs : script.delayMs));
        return;
      case "stall":
        if (asked === script.afterRequests) this.#stalledUntilMs = nowMs + script.stallMs;
        await until(Math.max(nowMs + script.delayMs, this.#stalledUntilMs));
        return;
      case "stop":
        if (asked === 1) standStill(script, nowMs);
    }
  }
}

/** Blocks this thread for the first part of each period, for ever. */
function standStill(script: Extract<DelayScript, { kind: "stop" }>, fromMs: number): void {
  const { stopMs, everyMs } = script;
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  let period = 0;
  const next = (): void => {
    Atomics.wait(nobody, 0, 0, stopMs);
    period++;
    setTimeout(next, fromMs + period * everyMs - performance.now()).unref();
  };
  setTimeout(next, 0).unref();
}

// The null, the delay and the scripted system: a front door with nothing behind it but, perhaps, time.
runService<ProbeConfig, ProbeReady>(async ({ role, script, limits, ports }) => {
  const performed = new Performance(script);
  const retriever: Retriever = {
    retrieve: async () => {
      await performed.pause();
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
