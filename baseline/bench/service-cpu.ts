import { builtFile } from "../../src/process/built-file.ts";
import { ServiceProcess } from "../../src/process/service-process.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { remoteFeature } from "../feature/feature-rpc.ts";
import { remoteFilter } from "../filter/filter-rpc.ts";
import { remoteIndex } from "../index/index-rpc.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { FEATURE_SERVICE, FILTER_SERVICE, INDEX_SERVICE } from "../mesh-wire.ts";
import { replicaOptions } from "../parts/connected-services.ts";
import type { Part, PartConfig, PartReady } from "../parts/part.ts";
import { ReplicaSet } from "../replica-set.ts";
import type { EligibleRows, MeshService } from "../services.ts";

/** CPU milliseconds a request of each service's process. */
export type ServiceCpu = Readonly<Record<"feature" | "filter" | "index", number>>;

export interface Apart {
  readonly mesh: MeshConfig;
  readonly requests: readonly RetrievalRequest[];
  /** float32[dim] of a request's user. */
  readonly vectorOf: (request: RetrievalRequest) => Float32Array;
  /** Rows of the items to leave out. */
  readonly excludedOf: (request: RetrievalRequest) => Uint32Array;
  readonly items: number;
  /** Requests that go together in a call, as they did in the mesh. */
  readonly batch: number;
}

const CONTEXT = { deadlineMs: Infinity };

/** What each service uses for the same requests when it runs alone and is called over gRPC. */
export async function cpuApart(apart: Apart): Promise<ServiceCpu> {
  const { requests, batch } = apart;
  const batches = Array.from({ length: Math.floor(requests.length / batch) }, (_, n) =>
    requests.slice(n * batch, (n + 1) * batch),
  );
  const eligible = new Map<RetrievalRequest, EligibleRows>();
  const everything = { bitmap: null, count: apart.items };
  const filter = await alone(apart.mesh, { role: "filter" }, FILTER_SERVICE, async (set) => {
    const service = remoteFilter(set);
    for (const each of batches) {
      const filtered = each.filter((request) => request.filter !== "");
      const texts = filtered.map((request) => request.filter);
      const answers = texts.length === 0 ? [] : await service.evaluate(texts, CONTEXT);
      for (const [n, request] of filtered.entries()) {
        eligible.set(request, answers[n] as EligibleRows);
      }
    }
    return service;
  });
  const feature = await alone(apart.mesh, { role: "feature" }, FEATURE_SERVICE, async (set) => {
    const service = remoteFeature(set);
    for (const each of batches) {
      const ids = each.flatMap(({ user }) => (user.kind === "id" ? [user.id] : []));
      await service.users(Float64Array.from(ids), CONTEXT);
    }
    return service;
  });
  const index = await alone(apart.mesh, { role: "index", shard: 0 }, INDEX_SERVICE, async (set) => {
    const service = remoteIndex(set);
    for (const each of batches) {
      const searches = each.map((request) => ({
        vectors: apart.vectorOf(request),
        k: request.k,
        eligible: eligible.get(request) ?? everything,
        excluded: apart.excludedOf(request),
      }));
      await service.search(searches, CONTEXT);
    }
    return service;
  });
  const share = 1000 / (batches.length * batch);
  return { feature: feature * share, filter: filter * share, index: index * share };
}

/** @returns CPU seconds of a part's process while it was called, twice: the first time warms it. */
async function alone(
  mesh: MeshConfig,
  part: Part,
  service: string,
  call: (set: ReplicaSet) => Promise<MeshService>,
): Promise<number> {
  await using started = await ServiceProcess.start<PartConfig, PartReady>({
    file: builtFile(import.meta.url, "../parts/part-main.js"),
    role: part.role,
    config: { mesh, part, port: 0 },
    cpus: null,
    signal: new AbortController().signal,
  });
  const address = `127.0.0.1:${started.ready.port}`;
  const set = await ReplicaSet.connect([address], service, replicaOptions(mesh));
  try {
    const cpuOf = async (of: MeshService): Promise<number> =>
      (await of.stats())[0]!.process.cpuSeconds;
    const before = await cpuOf(await call(set));
    return (await cpuOf(await call(set))) - before;
  } finally {
    set.close();
  }
}
