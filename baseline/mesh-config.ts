import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import type { MeshSettings } from "../src/scenario/settings.ts";
import type { SystemProcess } from "../src/system.ts";
import type { MeshFolders } from "./build/mesh-build.ts";

/** What every process of the mesh is started with. Plain JSON. */
export interface MeshConfig {
  readonly datasetFolder: string;
  readonly folders: MeshFolders;
  readonly settings: MeshSettings;
  readonly model: ModelSpec;
  /** Where the mesh's own Redis server is; absent: it has none. */
  readonly redis?: string;
}

/** The front door's process: where to listen; 0 or absent is any free port. */
export interface GatewayConfig extends MeshConfig {
  readonly ports: { readonly grpc?: number; readonly http?: number };
}

/** A process of the index service, which has one shard. */
export interface IndexConfig extends MeshConfig {
  readonly shard: number;
}

/** The ranker's process, which asks the feature service for the items' features. */
export interface RankerConfig extends MeshConfig {
  /** host:port of each copy. */
  readonly feature: readonly string[];
}

/** The gateway of a mesh over gRPC: where the copies of its services are, host:port. */
export interface RemoteGatewayConfig extends GatewayConfig {
  readonly addresses: {
    readonly feature: readonly string[];
    readonly filter: readonly string[];
    /** Shard after shard. */
    readonly index: readonly (readonly string[])[];
    /** None: the model needs no ranker. */
    readonly ranker: readonly string[];
  };
}

/** What a service tells once it listens. */
export interface ServiceReady {
  readonly port: number;
}

/** What the process of the front door tells. */
export interface GatewayReady {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Processes that its front door is spread over, beside its own. */
  readonly processes: readonly SystemProcess[];
}
