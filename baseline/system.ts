import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChangeJournal } from "../src/door/change-journal.ts";
import { createTls } from "../src/door/certificates.ts";
import { inflictFault } from "../src/process/inflict-fault.ts";
import type { ClientTls } from "../src/process/tls.ts";
import type { MeshSettings } from "../src/scenario/settings.ts";
import type { StartOptions, StartSystem, System } from "../src/system.ts";
import { checkBuilt, isBuilt, meshFolders } from "./build/mesh-build.ts";
import { RedisServer } from "./feature/redis-server.ts";
import { effortBetween } from "./index/effort.ts";
import { type MeshProcesses, runBuild, startProcesses, stopMesh } from "./mesh.ts";

/**
 * Starts system A, a mesh of retrieval services: gateway, index (HNSW), feature (LMDB or Redis),
 * filter (roaring bitmaps), user tower and, where the model ranks by more than the score, ranker
 * (ONNX Runtime), each a process of its own, speaking gRPC; or the same services in threads of one
 * process, or in one thread, with the wire between them or without.
 *
 * @throws HarnessError as the failing process gave it; no process is left behind.
 */
export const startMesh: StartSystem<MeshSettings> = async (options) => {
  const { dataset, settings, model, cacheFolder } = options;
  const folders = meshFolders(cacheFolder, { datasetHash: dataset.hash, settings, model });
  const tls = await createTls(settings.tls);
  const config = { datasetFolder: dataset.folder, folders, settings, model, tls };
  const cached = isBuilt(folders);
  const seconds = cached ? 0 : await runBuild(config, options);
  const build = { seconds, bytes: await checkBuilt(folders), cached };
  const redis = settings.store === "redis" ? await RedisServer.start(options) : null;
  const journal = join(tmpdir(), `silverbench-changes-${randomUUID()}`);
  try {
    const at = redis === null ? {} : { redis: redis.url };
    const mesh = await startProcesses({ ...config, ...at }, { ...options, journal });
    return describe(options, mesh, { redis, journal, tls: tls?.client, build });
  } catch (error) {
    await redis?.[Symbol.asyncDispose]();
    throw error;
  }
};

function describe(
  { name, settings }: StartOptions<MeshSettings>,
  mesh: MeshProcesses,
  {
    redis,
    journal,
    tls,
    build,
  }: Pick<System, "build"> & {
    readonly redis: RedisServer | null;
    readonly journal: string;
    readonly tls: ClientTls | undefined;
  },
): System {
  const { grpcPort, httpPort } = mesh.door;
  const services = [...(redis === null ? [] : [redis]), ...mesh.services];
  return {
    name,
    kind: "mesh",
    engine: `${settings.index.kind}+roaring+${settings.store === "lmdb" ? "lmdb" : "redis"}`,
    device: settings.index.device ?? "cpu",
    address: `127.0.0.1:${grpcPort}`,
    ...(tls === undefined ? {} : { tls }),
    httpAddress: `http${tls === undefined ? "" : "s"}://127.0.0.1:${httpPort}`,
    get adminAddress() {
      const { adminPort } = mesh.door;
      return adminPort === null ? undefined : `127.0.0.1:${adminPort}`;
    },
    get processes() {
      const own = services.map(({ pid, role }) => ({ pid, role }));
      return [...own, ...mesh.door.processes];
    },
    inflict: (fault) => inflictFault(services, fault),
    serveWith: (other) => {
      const effort = effortBetween(settings, other as MeshSettings);
      return effort === null ? null : () => mesh.door.setForQueries(effort);
    },
    settings,
    build,
    died: Promise.race(services.map(({ died }) => died)),
    [Symbol.asyncDispose]: async () => {
      await stopMesh(mesh);
      await redis?.[Symbol.asyncDispose]();
      await ChangeJournal.remove(journal);
    },
  };
}
