import { HarnessError } from "../src/errors.ts";
import { builtFile } from "../src/process/built-file.ts";
import { ServiceProcess } from "../src/process/service-process.ts";
import type { StartOptions } from "../src/system.ts";
import type { MeshSettings } from "../src/scenario/settings.ts";
import type { BuildReady } from "./build/build-main.ts";
import type { GatewayReady, MeshConfig, ServiceReady } from "./mesh-config.ts";

type Launch = Pick<StartOptions<MeshSettings>, "cpus" | "signal" | "onProgress" | "ports">;

/** The running processes of a mesh, the front door's last. */
export interface MeshProcesses {
  readonly services: readonly ServiceProcess<unknown>[];
  readonly door: GatewayReady;
}

/** Where the compiled main module of each process lies. */
const FILES = {
  feature: "./feature/feature-main.js",
  filter: "./filter/filter-main.js",
  index: "./index/index-main.js",
  ranker: "./ranker/ranker-main.js",
  gateway: "./gateway/gateway-main.js",
  mesh: "./gateway/in-process-main.js",
  "mesh-build": "./build/build-main.js",
} as const;

/** Loading may be silent for as long as it takes to read a large index from a slow disk. */
const START_TIMEOUT_MS = 300_000;

/** Builds what is missing, in a process of its own. @returns the seconds it took. */
export async function runBuild(config: MeshConfig, launch: Launch): Promise<number> {
  const build = await start<BuildReady>("mesh-build", config, {
    ...launch,
    cpus: null,
  });
  await build[Symbol.asyncDispose]();
  return build.ready.seconds;
}

/**
 * Starts the services, then the rankers, which ask one of them, and last the gateway, which calls
 * them all. If one fails, none is left.
 */
export async function startOverGrpc(config: MeshConfig, launch: Launch): Promise<MeshProcesses> {
  const { replicas, index } = config.settings;
  const copies = (count: number, role: Role, own: object = {}): Wanted[] =>
    Array.from({ length: count }, () => ({ role, config: { ...config, ...own } }));
  const services = await startAll(
    [
      ...copies(replicas.feature, "feature"),
      ...copies(replicas.filter, "filter"),
      ...times(index.shards, (shard) => copies(replicas.index, "index", { shard })).flat(),
    ],
    launch,
  );
  const left = services.map(addressOf);
  const feature = left.splice(0, replicas.feature);
  const filter = left.splice(0, replicas.filter);
  const shards = times(index.shards, () => left.splice(0, replicas.index));
  try {
    const rankers = config.folders.items === null ? 0 : replicas.ranker;
    const ranker = await startAll(copies(rankers, "ranker", { feature }), launch);
    services.push(...ranker);
    const addresses = { feature, filter, index: shards, ranker: ranker.map(addressOf) };
    const gatewayConfig = { ...config, ports: launch.ports ?? {}, addresses };
    const gateway = await start<GatewayReady>("gateway", gatewayConfig, launch);
    return { services: [...services, gateway], door: gateway.ready };
  } catch (error) {
    await stopAll(services);
    throw error;
  }
}

type Role = keyof typeof FILES;

interface Wanted {
  readonly role: Role;
  readonly config: object;
}

/** Starts services at the same time, in their order. If one fails, none is left. */
async function startAll(
  wanted: readonly Wanted[],
  launch: Launch,
): Promise<ServiceProcess<ServiceReady>[]> {
  const started = await Promise.allSettled(
    wanted.map(({ role, config }) => start<ServiceReady>(role, config, launch)),
  );
  const services = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  for (const one of started) {
    if (one.status === "fulfilled") continue;
    await stopAll(services);
    throw HarnessError.from(one.reason);
  }
  return services;
}

const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));

const addressOf = ({ ready }: ServiceProcess<ServiceReady>): string => `127.0.0.1:${ready.port}`;

/** Starts the mesh in one process. */
export async function startInProcess(config: MeshConfig, launch: Launch): Promise<MeshProcesses> {
  const wholeConfig = { ...config, ports: launch.ports ?? {} };
  const whole = await start<GatewayReady>("mesh", wholeConfig, launch);
  return { services: [whole], door: whole.ready };
}

/** The front door first, so that what is in flight still finds its services. */
export async function stopMesh({ services }: MeshProcesses): Promise<void> {
  await services.at(-1)?.[Symbol.asyncDispose]();
  await stopAll(services);
}

async function stopAll(services: readonly ServiceProcess<unknown>[]): Promise<void> {
  await Promise.all(services.map((service) => service[Symbol.asyncDispose]()));
}

function start<Ready>(
  role: Role,
  config: object,
  { cpus, signal, onProgress }: Launch,
): Promise<ServiceProcess<Ready>> {
  return ServiceProcess.start<object, Ready>({
    file: builtFile(import.meta.url, FILES[role]),
    role,
    config,
    cpus,
    signal,
    onProgress,
    startTimeoutMs: START_TIMEOUT_MS,
  });
}
