import type { GrpcServer } from "../../src/door/grpc-service.ts";
import { HarnessError } from "../../src/errors.ts";
import type { MeshConfig } from "../mesh-config.ts";
import type {
  FeatureService,
  FilterService,
  IndexService,
  MeshService,
  RankerService,
  TowerService,
} from "../services.ts";
import type { Part } from "./part.ts";

/** A service, opened from what was built for it, with what it takes to serve it. */
export interface OpenPart<Service extends MeshService = MeshService> extends AsyncDisposable {
  readonly service: Service;
  /** Serves it over gRPC. @param port 0: any free port. */
  readonly serve: (port: number) => Promise<GrpcServer>;
}

// A service's code is loaded only where it is opened, so that a process has no native code but its
// own service's.

/** Opens a service here. @param feature What a ranker asks; null: it is none. */
export function openPart(
  mesh: MeshConfig,
  part: Part,
  feature: Pick<FeatureService, "items"> | null,
): Promise<OpenPart> {
  switch (part.role) {
    case "feature":
      return openFeaturePart(mesh);
    case "filter":
      return openFilterPart(mesh);
    case "index":
      return openIndexPart(mesh, part.shard);
    case "tower":
      return openTowerPart(mesh);
    case "ranker":
      if (feature === null) throw new HarnessError("INTERNAL", "a ranker without features");
      return openRankerPart(mesh, feature);
  }
}

export async function openFeaturePart(mesh: MeshConfig): Promise<OpenPart<FeatureService>> {
  const { openFeature } = await import("../feature/open-feature.ts");
  const { serveFeature } = await import("../feature/feature-rpc.ts");
  const { store, dim } = await openFeature(mesh);
  return {
    service: store,
    serve: (port) => serveFeature(store, dim, { port, tls: mesh.tls?.server ?? null }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

export async function openFilterPart(mesh: MeshConfig): Promise<OpenPart<FilterService>> {
  const { openFilter } = await import("../filter/open-filter.ts");
  const { serveFilter } = await import("../filter/filter-rpc.ts");
  const store = await openFilter(mesh);
  return {
    service: store,
    serve: (port) => serveFilter(store, { port, tls: mesh.tls?.server ?? null }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export async function openIndexPart(
  mesh: MeshConfig,
  shard: number,
): Promise<OpenPart<IndexService>> {
  const { openIndex } = await import("../index/open-index.ts");
  const { serveIndex } = await import("../index/index-rpc.ts");
  const searcher = await openIndex(mesh, shard);
  return {
    service: searcher,
    serve: (port) => serveIndex(searcher, { port, tls: mesh.tls?.server ?? null }),
    [Symbol.asyncDispose]: () => searcher[Symbol.asyncDispose](),
  };
}

/** @throws HarnessError INTERNAL where the model has no tower. */
export async function openTowerPart(mesh: MeshConfig): Promise<OpenPart<TowerService>> {
  const { openTower } = await import("../tower/open-tower.ts");
  const { serveTower } = await import("../tower/tower-rpc.ts");
  const tower = await openTower(mesh);
  return {
    service: tower,
    serve: (port) => serveTower(tower, { port, tls: mesh.tls?.server ?? null }),
    [Symbol.asyncDispose]: () => tower[Symbol.asyncDispose](),
  };
}

/** @throws HarnessError INTERNAL where the model needs no ranker. */
export async function openRankerPart(
  mesh: MeshConfig,
  feature: Pick<FeatureService, "items">,
): Promise<OpenPart<RankerService>> {
  const { openRanker } = await import("../ranker/open-ranker.ts");
  const { serveRanker } = await import("../ranker/ranker-rpc.ts");
  const ranker = await openRanker(mesh, feature);
  if (ranker === null) throw new HarnessError("INTERNAL", "this model needs no ranker");
  return {
    service: ranker,
    serve: (port) => serveRanker(ranker, { port, tls: mesh.tls?.server ?? null }),
    [Symbol.asyncDispose]: () => ranker[Symbol.asyncDispose](),
  };
}
