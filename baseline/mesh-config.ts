import type { Tls } from "../src/process/tls.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import type { MeshSettings } from "../src/scenario/settings.ts";
import type { SystemProcess } from "../src/system.ts";
import type { MeshFolders } from "./build/mesh-build.ts";
import type { Addresses } from "./parts/addresses.ts";

/** What every process of the mesh is started with. Plain JSON. */
export interface MeshConfig {
  readonly datasetFolder: string;
  readonly folders: MeshFolders;
  readonly settings: MeshSettings;
  readonly model: ModelSpec;
  /** How services, and callers of the front door, speak to each other; null: in the clear. */
  readonly tls: Tls | null;
  /** Where the mesh's own Redis server is; absent: it has none. */
  readonly redis?: string;
}

/** The front door's process: where to listen; 0 or absent is any free port. */
export interface GatewayConfig extends MeshConfig {
  readonly ports: { readonly grpc?: number; readonly http?: number; readonly admin?: number };
  /** File of what it was told of the items; one that is started again finds it there. */
  readonly journal: string;
}

/** The gateway of a mesh whose services are processes of their own. */
export interface RemoteGatewayConfig extends GatewayConfig {
  readonly addresses: Addresses;
}

/** One of several gateways, whose connections another process takes in. It keeps no journal. */
export type DealtGatewayConfig = Omit<RemoteGatewayConfig, "ports" | "journal">;

/** What the process of the front door tells. */
export interface GatewayReady {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Of the owner's side (admin.proto). */
  readonly adminPort: number;
  /** Processes that its front door is spread over, beside its own. */
  readonly processes: readonly SystemProcess[];
}
