import type { Artifact } from "../compile/artifact.ts";
import type { Engine } from "./engine.ts";
import { OnnxEngine, type OnnxEngineOptions } from "./onnx-engine.ts";

/** Which engine answers, and how. */
export type EngineOptions = { readonly kind: "onnx" } & OnnxEngineOptions;

/**
 * Loads an artifact into the engine that is asked for.
 * @throws HarnessError DATA if it cannot be loaded, UNAVAILABLE if the device is not there.
 */
export function openEngine(artifact: Artifact, options: EngineOptions): Promise<Engine> {
  return OnnxEngine.open(artifact, options);
}
