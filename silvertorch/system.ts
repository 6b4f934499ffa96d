import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { cacheKey } from "../src/dataset/cache-folder.ts";
import { ChangeJournal } from "../src/door/change-journal.ts";
import { createTls } from "../src/door/certificates.ts";
import { connectDoor } from "../src/door/client.ts";
import { doorWorkerCount } from "../src/door/door-worker-count.ts";
import { builtFile } from "../src/process/built-file.ts";
import { inflictFault } from "../src/process/inflict-fault.ts";
import { RestartableProcess } from "../src/process/restartable-process.ts";
import { ServiceProcess } from "../src/process/service-process.ts";
import type { ClientTls } from "../src/process/tls.ts";
import type { IndexAsModelSettings } from "../src/scenario/settings.ts";
import type { StartOptions, StartSystem, System } from "../src/system.ts";
import { Artifact } from "./compile/artifact.ts";
import { artifactSettings } from "./compile/artifact-settings.ts";
import type { CompilerConfig, CompilerReady } from "./compile/compile-service.ts";
import { ARTIFACT_SCHEMA } from "./compile/manifest.ts";
import type { Probing } from "./engine/effort.ts";
import type { ServerConfig, ServerReady } from "./server.ts";

type Options = StartOptions<IndexAsModelSettings>;

/**
 * System B: one artifact, compiled once and cached, one process, one forward pass a batch.
 *
 * @throws HarnessError BAD_INPUT if the model does not fit the dataset, DATA if the artifact is
 *   damaged, UNAVAILABLE if the process does not come up; nothing is left behind.
 */
export const startIndexAsModel: StartSystem<IndexAsModelSettings> = async (options) => {
  const { settings, cpus, signal } = options;
  const build = await ensureArtifact(options);
  const tls = await createTls(settings.tls);
  const { maxBatch, maxWaitMs, maxInFlight, engine, device } = settings;
  const { allowFallback, allowSoftware, cachePrecision } = settings;
  const threads = cpus?.length ?? availableParallelism();
  const { folder: artifactFolder } = build.artifact;
  const kept = {
    journal: join(tmpdir(), `silverbench-changes-${randomUUID()}`),
    // Named so that what a killed harness left is removed by whoever compiles next.
    foldsFolder: `${artifactFolder}.tmp-${process.pid}-${randomUUID()}`,
  };
  const config: ServerConfig = {
    datasetFolder: options.dataset.folder,
    artifactFolder,
    ...kept,
    engine,
    device,
    allowFallback,
    allowSoftware,
    cachePrecision,
    threads,
    probing: probingOf(settings),
    foldAfter: settings.foldAfter,
    doorWorkers: doorWorkerCount(settings.doorWorkers, threads),
    maxBatch,
    maxWaitMs,
    maxInFlight,
    tls: tls?.server ?? null,
    ports: options.ports ?? {},
  };
  const launch = {
    file: builtFile(import.meta.url, "./server.js"),
    role: "model",
    config,
    cpus,
    signal,
    onProgress: options.onProgress,
    env: KEEPS_MEMORY,
    startTimeoutMs: build.artifact.manifest.generated === undefined ? LOADING_MS : MAKING_MS,
  };
  const server = await RestartableProcess.start<ServerConfig, ServerReady>(launch, (ready) => ({
    ...config,
    ports: { grpc: ready.grpcPort, http: ready.httpPort, admin: ready.adminPort },
  }));
  const end = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
    await ChangeJournal.remove(kept.journal);
    await rm(kept.foldsFolder, { recursive: true, force: true });
  };
  try {
    return await healthy(options, server, { build, tls: tls?.client, end });
  } catch (error) {
    await end();
    throw error;
  }
};

/** What of the settings says how many clusters are looked at. */
function probingOf({ nprobe: probes, nprobeMost }: IndexAsModelSettings): Probing {
  if (nprobeMost === "fixed") return { probes };
  return { probes, mostProbes: nprobeMost === "auto" ? "all" : nprobeMost };
}

/** How long a process may be silent while a large artifact is read from a slow disk, as the mesh's. */
const LOADING_MS = 5 * 60_000;
/** And while a card makes its items. */
const MAKING_MS = 10 * 60_000;

/**
 * Has glibc keep what was freed for what is asked next, up to 32 MiB at a time. Fresh items make
 * tensors of ever other sizes: each would come from the system, a page at a time. Of one arena for all
 * threads what a session leaves serves the next one, which is in another thread; and only that arena is
 * in huge pages, for one of a thread's own grows by steps that are too small for them. Larger blocks
 * than those go back to the system: kept, they came to half of the process's memory after a dozen swaps.
 */
const KEEPS_MEMORY = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: String(2 ** 25),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 32),
};

interface Build {
  readonly artifact: Artifact;
  readonly seconds: number;
  readonly cached: boolean;
}

/** The artifact from the cache, or compiled into it by a process of its own. */
async function ensureArtifact(options: Options): Promise<Build> {
  const { dataset, model, cacheFolder, cpus, signal, onProgress } = options;
  const { engine, device, allowSoftware } = options.settings;
  const threads = cpus?.length ?? availableParallelism();
  const settings = artifactSettings(options.settings);
  const key = cacheKey({ schema: ARTIFACT_SCHEMA, dataset: dataset.hash, model, settings });
  const folder = join(cacheFolder, "artifacts", `${dataset.name}-${key}`);
  if (existsSync(folder)) {
    // To hash all of a large one would take longer than to load it.
    const artifact = await Artifact.open(folder, { verify: "touched" });
    return { artifact, seconds: 0, cached: true };
  }
  await using compiler = await ServiceProcess.start<CompilerConfig, CompilerReady>({
    file: builtFile(import.meta.url, "./compile/compile-service.js"),
    role: "compiler",
    config: {
      datasetFolder: dataset.folder,
      model,
      settings,
      threads,
      folder,
      runsOn: engine === "fused" ? { kind: "gpu", allowSoftware } : { kind: "onnx", device },
    },
    cpus,
    signal,
    onProgress,
  });
  const artifact = await Artifact.open(folder, { verify: false });
  return { artifact, seconds: compiler.ready.seconds, cached: false };
}

/** How long a started process may take until its door answers. */
const HEALTHY_WITHIN_MS = 10_000;

async function healthy(
  { name, settings, signal }: Options,
  server: RestartableProcess<ServerReady>,
  {
    build: { artifact, seconds, cached },
    tls,
    end,
  }: {
    readonly build: Build;
    readonly tls: ClientTls | undefined;
    readonly end: () => Promise<void>;
  },
): Promise<System> {
  const address = `127.0.0.1:${server.ready.grpcPort}`;
  const client = connectDoor(address, tls);
  try {
    await client.waitUntilServing(HEALTHY_WITHIN_MS, signal);
  } finally {
    client.close();
  }
  return {
    name,
    kind: "index-as-model",
    engine: settings.engine,
    device: settings.engine === "fused" ? "gpu" : settings.device,
    address,
    httpAddress: `http${tls === undefined ? "" : "s"}://127.0.0.1:${server.ready.httpPort}`,
    get adminAddress() {
      return `127.0.0.1:${server.ready.adminPort}`;
    },
    ...(tls === undefined ? {} : { tls }),
    get processes() {
      return [{ pid: server.pid, role: server.role }, ...server.ready.processes];
    },
    inflict: (fault) => inflictFault([server], fault),
    settings,
    build: { seconds, bytes: artifact.bytes, cached },
    died: server.died,
    [Symbol.asyncDispose]: end,
  };
}
