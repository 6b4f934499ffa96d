import type { CachePrecision } from "../../kernels/ranking/item-record.ts";
import type { StageTime } from "../../device/passes.ts";
import type { DeviceStats } from "../../../src/door/stats.ts";
import type { ErrorMessage } from "../../../src/onnx/session-message.ts";
import type { PackedAnswers } from "./fused-lane.ts";
import type { PackedBatch } from "./pack-batch.ts";

/** What the thread of a model on a device is started with. */
export interface FusedThreadOptions {
  readonly artifactFolder: string;
  /** Whether a processor that plays a GPU will do. */
  readonly allowSoftware: boolean;
  readonly cachePrecision: CachePrecision;
}

/** To the thread. */
export type ToFused =
  | { readonly kind: "run"; readonly id: number; readonly batch: PackedBatch }
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
  | { readonly kind: "progress"; readonly phase: string }
  | { readonly kind: "error"; readonly id: number; readonly error: ErrorMessage };
