import type { MeshConfig } from "../mesh-config.ts";

/** One copy of one service, to be opened in a process, in a thread, or where it is called. */
export type Part =
  | { readonly role: "feature" | "filter" | "tower" }
  /** The index of a part of the catalogue. */
  | { readonly role: "index"; readonly shard: number }
  /** It asks the feature service for the items' features: host:port of each copy. */
  | { readonly role: "ranker"; readonly feature: readonly string[] };

/** What a part that serves over gRPC is started with. */
export interface PartConfig {
  readonly mesh: MeshConfig;
  readonly part: Part;
  /** Where it listens; 0: any free port. */
  readonly port: number;
}

/** What a part tells once it listens. */
export interface PartReady {
  readonly port: number;
}
