import type { ArtifactManifest } from "../../compile/manifest.ts";
import type { WeightsReader } from "../../compile/weights-reader.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import type { Kernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import type { ValuesShape } from "../../kernels/ranking/candidate-values.ts";
import type { PartShape } from "../../kernels/ranking/item-record.ts";
import type { LaneBuffers } from "../fused/stages.ts";
import type { WeightsPack } from "./weights-pack.ts";

/** What an OverArch is made of on the device. */
export interface OverArchParts {
  readonly device: GpuDevice;
  readonly reader: WeightsReader;
  readonly manifest: ArtifactManifest;
  /** Where its weights go. */
  readonly pack: WeightsPack;
}

/** A part of an item's record that an OverArch reads, and the tensor that holds it. */
export interface OverArchPart extends PartShape {
  readonly tensor: string;
  /** Whether the tensor's rows are places of clusters. */
  readonly byPlace: boolean;
}

/** The learned similarity, as the ranking stage runs it. */
export interface DeviceOverArch {
  readonly parts: readonly OverArchPart[];
  /**
   * Chunks of records (2 GB each) that a dispatch had best see. Dispatches wait for one another, so
   * one over all would be best, were it not that random reads over more memory than a card keeps
   * addresses of are slow. H100, 10M items, ms by chunks at once: MoL in float32 (6 chunks) 1.43 for
   * 1, 1.06 for 3, 8 for all; in half precision (3) 0.68 for 1, 0.52 for 3; MLP (3) 0.40 and 0.54.
   */
  readonly chunksAtOnce: number;
  /** Compiles the kernel that gives candidates their values, and says how many a workgroup takes. */
  values(shape: ValuesShape): Promise<{ readonly kernel: Kernel; readonly tile: number }>;
  /** What a batch on its way needs of the user. */
  lane(options: OverArchLaneOptions): OverArchLane;
}

export interface OverArchLaneOptions {
  readonly buffers: LaneBuffers;
  /** float32 [requests, userDim] */
  readonly features: GPUBuffer;
  readonly requests: number;
  /** uint32 [requests] */
  readonly params: GPUBufferBinding;
  readonly weights: GPUBuffer;
}

/** The user's side of a batch. */
export interface OverArchLane {
  /** Bindings of the values kernel from `ownBinding` on. */
  readonly bindings: readonly GPUBuffer[];
  record(recorder: Recorder, requests: number): void;
  dispose(): void;
}
