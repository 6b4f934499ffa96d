import { join } from "node:path";
import { serveAdmin } from "../src/door/admin-service.ts";
import { HeldBack } from "../src/door/held-back.ts";
import { openDoor } from "../src/door/server.ts";
import type { Device } from "../src/onnx/device.ts";
import { onHoldBack } from "../src/process/hold-back.ts";
import { endService, runService } from "../src/process/service-main.ts";
import type { ServerTls } from "../src/process/tls.ts";
import type { SystemProcess } from "../src/system.ts";
import type { Probing } from "./engine/effort.ts";
import type { EngineOptions } from "./engine/open-engine.ts";
import { ModelRetriever } from "./model-retriever.ts";

/** What the model's process is started with. */
export interface ServerConfig {
  readonly datasetFolder: string;
  readonly artifactFolder: string;
  readonly engine: "onnx" | "fused";
  readonly device: Device;
  /** fused: whether a processor that plays a GPU will do. */
  readonly allowSoftware: boolean;
  /** fused: how the embedding cache is kept. */
  readonly cachePrecision: "float32" | "float16";
  readonly allowFallback: boolean;
  readonly threads: number;
  /** Clusters that a head looks at, where the artifact has clusters. */
  readonly probing: Probing;
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  readonly maxInFlight: number;
  /** Changes after which the artifact is compiled anew; auto: so that the fewest requests are lost. */
  readonly foldAfter: number | "auto";
  /** Processes of the front door; 1: this one. */
  readonly doorWorkers: number;
  /** null: the door speaks in the clear. */
  readonly tls: ServerTls | null;
  readonly ports: { readonly grpc?: number; readonly http?: number; readonly admin?: number };
  /** File of what it was told of the items; one that is started again finds it there. */
  readonly journal: string;
  /** Holds what its processes fold. */
  readonly foldsFolder: string;
}

export interface ServerReady {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly adminPort: number;
  /** Processes beside this one. */
  readonly processes: readonly SystemProcess[];
}

/** The process of the index-as-model: batching, the model in its thread, and the front door. */
runService<ServerConfig, ServerReady>(async (config, onProgress) => {
  const { maxBatch, maxWaitMs, maxInFlight, threads } = config;
  onProgress("loading and warming up the model", Number.NaN);
  const retriever = await ModelRetriever.open(config.artifactFolder, {
    maxBatch,
    maxWaitMs,
    maxInFlight,
    journal: config.journal,
    folding: {
      datasetFolder: config.datasetFolder,
      // Its own: a fold of a process that was killed may not have ended yet.
      workFolder: join(config.foldsFolder, String(process.pid)),
      threads,
      foldAfter: config.foldAfter,
    },
    engine: engineOptions(config),
    onProgress: (phase) => onProgress(phase, Number.NaN),
  });
  const heldBack = new HeldBack(retriever);
  onHoldBack((ms) => heldBack.holdBack(ms));
  const door = await openDoor({
    retriever: heldBack,
    limits: retriever.limits,
    ports: config.ports,
    tls: config.tls,
    workers: config.doorWorkers,
    onDied: endService,
  });
  retriever.onSwap = () => door.setLimits(retriever.limits);
  const admin = await serveAdmin(retriever, { port: config.ports.admin ?? 0, tls: config.tls });
  const { grpcPort, httpPort, processes } = door;
  return {
    ready: { grpcPort, httpPort, adminPort: admin.port, processes },
    stop: async () => {
      await admin[Symbol.asyncDispose]();
      await door[Symbol.asyncDispose]();
      await retriever[Symbol.asyncDispose]();
    },
  };
});

function engineOptions(config: ServerConfig): EngineOptions {
  const { engine: kind, device, threads, probing, allowFallback } = config;
  if (kind === "fused") {
    const { allowSoftware, cachePrecision } = config;
    return { kind, probing, allowSoftware, cachePrecision };
  }
  return { kind, device, threads, probing, allowFallback, onDied: endService };
}
