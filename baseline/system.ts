import { HarnessError } from "../src/errors.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import type { MeshSettings } from "../src/scenario/settings.ts";
import type { StartOptions, StartSystem, System } from "../src/system.ts";
import { checkBuilt, isBuilt, meshFolders } from "./build/mesh-build.ts";
import { runBuild, startInProcess, startOverGrpc, stopMesh } from "./mesh.ts";

/**
 * Starts system A, a mesh of retrieval services: gateway, index (HNSW), feature (LMDB) and filter
 * (roaring bitmaps), each a process of its own, speaking gRPC; or, with `transport: in-process`,
 * the same services in one process.
 *
 * @throws HarnessError as the failing process gave it; no process is left behind.
 */
export const startMesh: StartSystem<MeshSettings> = async (options) => {
  const { dataset, settings, model, cacheFolder } = options;
  requireNoRanker(model);
  const folders = meshFolders(cacheFolder, dataset.hash, settings);
  const config = { datasetFolder: dataset.folder, folders, settings, model };
  const cached = isBuilt(folders);
  const seconds = cached ? 0 : await runBuild(config, options);
  const build = { seconds, bytes: await checkBuilt(folders), cached };
  const start = settings.transport === "grpc" ? startOverGrpc : startInProcess;
  return describe(options, await start(config, options), build);
};

function requireNoRanker({ overarch, value }: ModelSpec): void {
  if (overarch === "none" && value.trim() === "score") return;
  throw new HarnessError(
    "BAD_INPUT",
    `the mesh has no ranker yet: overarch must be none and value "score", came ${overarch} and "${value}"`,
    { where: "model" },
  );
}

function describe(
  { name, settings }: StartOptions<MeshSettings>,
  mesh: Awaited<ReturnType<typeof startOverGrpc>>,
  build: System["build"],
): System {
  const { services, door } = mesh;
  return {
    name,
    kind: "mesh",
    engine: "hnsw+roaring+lmdb",
    device: "cpu",
    address: `127.0.0.1:${door.grpcPort}`,
    httpAddress: `http://127.0.0.1:${door.httpPort}`,
    processes: [...services.map(({ pid, role }) => ({ pid, role })), ...door.processes],
    settings,
    build,
    died: Promise.race(services.map(({ died }) => died)),
    [Symbol.asyncDispose]: () => stopMesh(mesh),
  };
}
