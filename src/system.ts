import type { HarnessError } from "./errors.ts";
import type { FaultOrder, UndoFault } from "./process/inflict-fault.ts";
import type { ClientTls } from "./process/tls.ts";
import type { ModelSpec } from "./retrieval/model-spec.ts";

/** A dataset on disk, ready to be loaded by any process. */
export interface DatasetLocation {
  readonly name: string;
  /** Folder with manifest.json and the flat arrays. */
  readonly folder: string;
  /** Hash over the manifest, and so over every file's hash. */
  readonly hash: string;
}

/** What a system is started from. It gets nothing else. */
export interface StartOptions<Settings> {
  /** The system's name in the scenario. */
  readonly name: string;
  readonly dataset: DatasetLocation;
  readonly model: ModelSpec;
  readonly settings: Settings;
  /** CPUs the system's processes may use; null: no pinning (not Linux, or one core). */
  readonly cpus: readonly number[] | null;
  /** Where build products (indexes, artifacts) are kept by hash between runs. */
  readonly cacheFolder: string;
  /** Ports of the front door; 0 or absent: any free port. */
  readonly ports?: { readonly grpc?: number; readonly http?: number };
  /** Called with a phase and a fraction 0..1 (NaN: unknown) while it builds and starts. */
  readonly onProgress: (phase: string, fraction: number) => void;
  readonly signal: AbortSignal;
}

export interface SystemProcess {
  readonly pid: number;
  /** gateway, index, feature, filter, ranker, model: the word the report shows. */
  readonly role: string;
}

/**
 * A retrieval system, started, healthy and reached only through its front door. Disposing it
 * leaves no process, port, file or device memory behind.
 */
export interface System extends AsyncDisposable {
  readonly name: string;
  readonly kind: string;
  /** What the report shows: "onnx", "hnsw+roaring"; "" if it does not apply. */
  readonly engine: string;
  readonly device: string;
  /** host:port of the gRPC door. */
  readonly address: string;
  /** http://host:port of the HTTP door; null for a remote system without one. */
  readonly httpAddress: string | null;
  /** host:port of the admin service (admin.proto); absent where the catalogue cannot be changed. */
  readonly adminAddress?: string | undefined;
  /** How its door is spoken to; absent: in the clear. */
  readonly tls?: ClientTls;
  /** Those that there are now: a process that was killed on purpose is followed by another. */
  readonly processes: readonly SystemProcess[];
  /**
   * Does harm to a service, which recovers by itself once the harm is undone; what it does to the
   * answers is for the system to bear. Absent: the system is not ours to harm.
   * @throws HarnessError BAD_INPUT if there is no such service.
   */
  readonly inflict?: (fault: FaultOrder) => Promise<UndoFault>;
  /**
   * How these very processes serve with other settings from then on, where what differs goes with
   * every query. null: those settings need processes of their own. Absent: any others do.
   */
  readonly serveWith?: (settings: object) => (() => Promise<void>) | null;
  /** Settings after defaults, as it was started. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Cost of building what it serves from; 0 seconds if it was cached. */
  readonly build: { readonly seconds: number; readonly bytes: number; readonly cached: boolean };
  /** Resolves, with the reason, once a process of the system has died without being asked to. */
  readonly died: Promise<HarnessError>;
}

export type StartSystem<Settings> = (options: StartOptions<Settings>) => Promise<System>;
