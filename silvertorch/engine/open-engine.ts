import type { Artifact } from "../compile/artifact.ts";
import type { CachePrecision } from "../kernels/ranking/item-record.ts";
import { formOf, type DeviceForm } from "../graph/device-form.ts";
import { growsWithFilter, type Probing } from "./effort.ts";
import type { Engine, EngineEvents } from "./engine.ts";
import { FusedEngine } from "./fused/fused-engine.ts";
import { FusedThread } from "./fused/fused-thread.ts";
import { ReopeningRunner } from "./fused/reopening-runner.ts";
import { OnnxEngine, type OnnxEngineOptions } from "./onnx-engine.ts";

export interface FusedEngineOptions {
  /** Clusters that a head looks at, where the artifact has clusters. */
  readonly probing: Probing;
  /** Whether a processor that plays a GPU will do. */
  readonly allowSoftware: boolean;
  /** How the embedding cache is kept; absent: in float32, as the artifact has it. */
  readonly cachePrecision?: CachePrecision;
}

/** Which engine answers, and how. */
export type EngineOptions =
  | ({ readonly kind: "onnx" } & OnnxEngineOptions)
  | ({ readonly kind: "fused" } & FusedEngineOptions);

/**
 * Loads an artifact into the engine that is asked for.
 * @throws HarnessError DATA if it cannot be loaded, BAD_INPUT if it was not compiled for the engine,
 *   UNAVAILABLE if the device is not there.
 */
export async function openEngine(
  artifact: Artifact,
  options: EngineOptions,
  events: EngineEvents = { onTimes: () => {}, onProgress: () => {} },
): Promise<Engine> {
  if (options.kind === "onnx") return await OnnxEngine.open(artifact, options);
  const { probing, allowSoftware, cachePrecision = "float32" } = options;
  const thread = { artifactFolder: artifact.folder, allowSoftware, cachePrecision };
  const runner = await ReopeningRunner.open(() => FusedThread.open(thread, events));
  return new FusedEngine(runner, artifact.manifest, probing);
}

/** Whether plans of filters say which clusters hold what they let through. */
export const ordersClusters = ({ probing }: EngineOptions): boolean =>
  probing !== undefined && growsWithFilter(probing);

/** What plans of filters are about: the engine's own kernels read bitmaps. */
export const eligibilityForm = (options: EngineOptions): DeviceForm["eligibility"] =>
  options.kind === "fused" ? "bitmaps" : formOf(options.device).eligibility;
