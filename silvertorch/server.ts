import { openDoor } from "../src/door/server.ts";
import type { Device } from "../src/onnx/device.ts";
import { endService, runService } from "../src/process/service-main.ts";
import type { SystemProcess } from "../src/system.ts";
import { Artifact } from "./compile/artifact.ts";
import { OnnxEngine } from "./engine/onnx-engine.ts";
import { RequestReader } from "./engine/request-reader.ts";
import { warmUp } from "./engine/warm-up.ts";
import { ModelRetriever } from "./model-retriever.ts";

/** What the model's process is started with. */
export interface ServerConfig {
  readonly artifactFolder: string;
  readonly device: Device;
  readonly allowFallback: boolean;
  readonly threads: number;
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  readonly maxInFlight: number;
  /** Processes of the front door; 1: this one. */
  readonly doorWorkers: number;
  readonly ports: { readonly grpc?: number; readonly http?: number };
}

export interface ServerReady {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Processes beside this one. */
  readonly processes: readonly SystemProcess[];
}

/** The one process of the index-as-model: front door, batching, and the model in its thread. */
runService<ServerConfig, ServerReady>(async (config, onProgress) => {
  const { artifactFolder, device, threads, allowFallback, ports, ...batching } = config;
  const artifact = await Artifact.open(artifactFolder, { verify: false });
  const { items, dim, userDim, model } = artifact.manifest;
  const reader = await RequestReader.open(artifact);
  onProgress("loading the model", Number.NaN);
  const engine = await OnnxEngine.open(artifact, {
    device,
    threads,
    allowFallback,
    onDied: endService,
  });
  onProgress("warming up", Number.NaN);
  await warmUp(engine, { maxBatch: config.maxBatch, plan: reader.anyPlan() });
  await engine.checkPlacement();
  const door = await openDoor({
    retriever: new ModelRetriever({ engine, reader, ...batching }),
    limits: { items, userDim, queryDim: dim * model.heads, maxInFlight: config.maxInFlight },
    ports,
    workers: config.doorWorkers,
    onDied: endService,
  });
  const { grpcPort, httpPort, processes } = door;
  return {
    ready: { grpcPort, httpPort, processes },
    stop: async () => {
      await door[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
});
