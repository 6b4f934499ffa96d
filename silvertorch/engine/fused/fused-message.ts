import type { CachePrecision } from "../../kernels/ranking/item-record.ts";
import type { StageTime } from "../../device/passes.ts";
import type { DeviceStats } from "../../../src/door/stats.ts";
import type { ErrorMessage } from "../../../src/onnx/session-message.ts";
import type { PackedAnswers } from "./answers.ts";
import type { PackedBatch } from "./pack-batch.ts";
import type { ThreadMemory } from "./thread-memory.ts";

/** What the thread of a model on a device is started with. */
export interface FusedThreadOptions {
  readonly artifactFolder: string;
  /** Whether a processor that plays a GPU will do. */
  readonly allowSoftware: boolean;
  readonly cachePrecision: CachePrecision;
}

/** What the thread holds, and its device. */
export interface FusedMemory extends ThreadMemory {
  readonly deviceBytes: number;
  /** Buffers on the device. */
  readonly buffers: number;
}

/** To the thread. */
export type ToFused =
  | { readonly kind: "run"; readonly id: number; readonly batch: PackedBatch }
  | { readonly kind: "memory" }
  | { readonly kind: "close" };

/** From the thread. */
export type FromFused =
  | {
      readonly kind: "open";
      readonly clusters: number;
      readonly width: number;
      readonly device: DeviceStats;
    }
  | { readonly kind: "failed"; readonly error: ErrorMessage }
  | {
      readonly kind: "answers";
      readonly id: number;
      readonly answers: PackedAnswers;
      readonly device: DeviceStats;
    }
  | { readonly kind: "times"; readonly times: readonly StageTime[] }
  | { readonly kind: "memory"; readonly memory: FusedMemory }
  | { readonly kind: "progress"; readonly phase: string }
  | { readonly kind: "error"; readonly id: number; readonly error: ErrorMessage };
