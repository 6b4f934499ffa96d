import { builtFile } from "../src/process/built-file.ts";
import { RestartableProcess } from "../src/process/restartable-process.ts";
import { type ServiceLaunch, ServiceProcess } from "../src/process/service-process.ts";
import type { StartOptions, SystemProcess } from "../src/system.ts";
import type { MeshSettings } from "../src/scenario/settings.ts";
import type { BuildReady } from "./build/build-main.ts";
import { allOf } from "./parts/all-of.ts";
import { Gateways } from "./gateway/gateways.ts";
import type {
  DealtGatewayConfig,
  GatewayConfig,
  GatewayReady,
  MeshConfig,
  RemoteGatewayConfig,
} from "./mesh-config.ts";
import { startParts } from "./parts/addresses.ts";
import type { PartConfig, PartReady } from "./parts/part.ts";
import { placementOf } from "./placement.ts";

type Launch = Pick<StartOptions<MeshSettings>, "cpus" | "signal" | "onProgress" | "ports">;

/** The front door of a mesh. Disposing it finishes what is in flight. */
export interface MeshDoor extends AsyncDisposable {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Of the owner's side; null: the catalogue of several gateways takes no updates. */
  readonly adminPort: number | null;
  /** Those that it is spread over, beside the mesh's own. */
  readonly processes: readonly SystemProcess[];
  /** Has this go with every query, once it resolves. */
  setForQueries(settings: object): Promise<void>;
}

/** The running processes of a mesh, the front door's last. */
export interface MeshProcesses {
  readonly services: readonly RestartableProcess<unknown>[];
  readonly door: MeshDoor;
}

/** Where the compiled main module of each process lies. */
const FILES = {
  part: "./parts/part-main.js",
  gateway: "./gateway/gateway-main.js",
  dealt: "./gateway/dealt-gateway-main.js",
  mesh: "./gateway/mesh-main.js",
  build: "./build/build-main.js",
} as const;

/** Loading may be silent for as long as it takes to read a large index from a slow disk. */
const START_TIMEOUT_MS = 300_000;

/** Builds what is missing, in a process of its own. @returns the seconds it took. */
export async function runBuild(config: MeshConfig, launch: Launch): Promise<number> {
  const alone = { ...launch, cpus: null };
  const build = await ServiceProcess.start<MeshConfig, BuildReady>(
    launchOf("build", "mesh-build", config, alone),
  );
  await build[Symbol.asyncDispose]();
  return build.ready.seconds;
}

/** Starts a mesh where its settings place it. If a process fails, none is left. */
export function startProcesses(
  config: MeshConfig,
  { journal, ...launch }: Launch & Pick<GatewayConfig, "journal">,
): Promise<MeshProcesses> {
  const door = { ...config, ports: launch.ports ?? {}, journal };
  return placementOf(config.settings) === "process"
    ? startApart(config, door, launch)
    : startTogether(door, launch);
}

/** A process a service, and last the gateway, which calls them all. */
async function startApart(
  config: MeshConfig,
  door: GatewayConfig,
  launch: Launch,
): Promise<MeshProcesses> {
  const services: RestartableProcess<unknown>[] = [];
  try {
    const addresses = await startParts(config, async (part) => {
      const partConfig: PartConfig = { mesh: config, part, port: 0 };
      const service = await RestartableProcess.start<PartConfig, PartReady>(
        launchOf("part", part.role, partConfig, launch),
        ({ port }) => ({ ...partConfig, port }),
      );
      services.push(service);
      return `127.0.0.1:${service.ready.port}`;
    });
    const { gateways, door: opened } = await startGateways({ ...door, addresses }, launch);
    services.sort((a, b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role));
    return { services: [...services, ...gateways], door: opened };
  } catch (error) {
    await stopAll(services);
    throw error;
  }
}

/** As processes are listed, whichever was ready first. */
const ORDER = ["feature", "filter", "index", "tower", "ranker"];

/** Starts the mesh in one process. */
async function startTogether(door: GatewayConfig, launch: Launch): Promise<MeshProcesses> {
  const whole = await startDoor("mesh", door, launch);
  return { services: [whole], door: doorOf(whole) };
}

/** One gateway with its own ports, or several behind the ports of this process. */
async function startGateways(
  config: RemoteGatewayConfig,
  launch: Launch,
): Promise<{ readonly gateways: readonly RestartableProcess<unknown>[]; readonly door: MeshDoor }> {
  const { ports, journal: _, ...dealt } = config;
  const { gateway: copies } = config.settings.replicas;
  if (copies === 1) {
    const gateway = await startDoor("gateway", config, launch);
    return { gateways: [gateway], door: doorOf(gateway) };
  }
  const gateways: RestartableProcess<object>[] = [];
  try {
    await allOf(
      Array.from({ length: copies }, async () => {
        const gateway = await RestartableProcess.start<DealtGatewayConfig, object>(
          launchOf("dealt", "gateway", dealt, launch),
          () => dealt,
        );
        gateways.push(gateway);
      }),
    );
    const all = await Gateways.open(gateways, ports);
    return { gateways, door: all };
  } catch (error) {
    await stopAll(gateways);
    throw error;
  }
}

/** The front door whose ports its process has. */
function doorOf(process: RestartableProcess<GatewayReady>): MeshDoor {
  const { grpcPort, httpPort } = process.ready;
  return {
    grpcPort,
    httpPort,
    get adminPort() {
      return process.ready.adminPort;
    },
    get processes() {
      return process.ready.processes;
    },
    setForQueries: (settings) => process.setForQueries(settings),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/** The process of the front door, which stays at its ports. */
function startDoor(
  role: "gateway" | "mesh",
  config: GatewayConfig | RemoteGatewayConfig,
  launch: Launch,
): Promise<RestartableProcess<GatewayReady>> {
  return RestartableProcess.start<GatewayConfig, GatewayReady>(
    launchOf(role, role, config, launch),
    ({ grpcPort, httpPort, adminPort }) => ({
      ...config,
      ports: { grpc: grpcPort, http: httpPort, admin: adminPort },
    }),
  );
}

/** The front door first, so that what is in flight still finds its services. */
export async function stopMesh({ services, door }: MeshProcesses): Promise<void> {
  await door[Symbol.asyncDispose]();
  await stopAll(services);
}

async function stopAll(services: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(services.map((service) => service[Symbol.asyncDispose]()));
}

function launchOf<Config>(
  file: keyof typeof FILES,
  role: string,
  config: Config,
  { cpus, signal, onProgress }: Launch,
): ServiceLaunch<Config> {
  return {
    file: builtFile(import.meta.url, FILES[file]),
    role,
    config,
    cpus,
    signal,
    onProgress,
    startTimeoutMs: START_TIMEOUT_MS,
  };
}
