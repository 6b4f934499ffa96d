import type { Device } from "../../src/onnx/device.ts";
import type { ArtifactManifest, ArtifactSettings } from "../compile/manifest.ts";

/**
 * The largest tensor of one run of the graph, in elements; larger batches are run in parts. On a
 * processor 2^26 are 256 MiB of scores, and beyond it they only travel further between memory and
 * the processor. CUDA has no Gather of 2^31 or more, and a few such tensors fit into a card.
 */
const MOST_ELEMENTS: Readonly<Record<Device, number>> = {
  cpu: 2 ** 26,
  cuda: 2 ** 31 - 1,
  webgpu: 2 ** 26,
};

/** Of an embedding's number, in floats. */
const SIZES: Readonly<Record<ArtifactSettings["precision"], number>> = {
  float32: 1,
  // ONNX Runtime has no such products on processors: it makes floats of them.
  float16: 1,
  int8: 0.25,
};

/** Floats of a candidate in an OverArch: as its embedding cache has, usually. */
const RANKED_FLOATS = 128;

/**
 * Queries of one run of the graph, so that what is scored, and of probed clusters copied, stays small.
 * @param probes clusters that a head looks at.
 */
export function queriesAtOnce(
  { items, dim, model, clusters, clusterWidth, settings, scoreOnly }: ArtifactManifest,
  device: Device,
  probes: number,
): number {
  const size = device === "cuda" ? 1 : SIZES[settings.precision];
  const copied = (clusterWidth ?? 0) * probes * dim * size;
  const perHead = clusters === null || probes >= clusters ? items : copied;
  const ranked = scoreOnly ? 0 : model.candidates * RANKED_FLOATS;
  return Math.max(1, Math.floor(MOST_ELEMENTS[device] / (Math.max(perHead, ranked) * model.heads)));
}
