import { HarnessError } from "../../../src/errors.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { Uploads } from "../../device/uploads.ts";
import type { Artifact } from "../../compile/artifact.ts";
import type { ArtifactManifest } from "../../compile/manifest.ts";
import { WeightsReader } from "../../compile/weights-reader.ts";
import type { SearchShape } from "../../kernels/search/search-shape.ts";
import { indexParts, vectorParts, type DeviceIndex } from "./device-index.ts";
import { IndexLoader } from "./index-loader.ts";

/** Positions of a stretch of an artifact without clusters. */
const STRETCH = 2048;

/**
 * Puts an artifact's index on the device: reads a few stretches of the file at a time and has
 * kernels place them where the search wants them, so that the host never holds more than these.
 *
 * @param bindingBytes what a kernel can bind of a buffer; absent: what the device says.
 * @throws HarnessError BAD_INPUT if the artifact's items are not 8-bit, DATA if it is damaged,
 *   UNAVAILABLE if the device has too little memory.
 */
export async function loadIndex(
  device: GpuDevice,
  artifact: Artifact,
  bindingBytes?: number,
): Promise<DeviceIndex> {
  const { manifest } = artifact;
  requireCodes(manifest);
  await using weights = await WeightsReader.open(artifact);
  const shape = searchShape(manifest, weights);
  const parts = indexParts(device, shape, bindingBytes);
  const vectors = vectorParts(device, shape, bindingBytes);
  await using uploads = new Uploads(device);
  const { items } = manifest;
  const loader = new IndexLoader(device, uploads, { weights, shape, items });
  const { hasPositions } = shape;
  const index: DeviceIndex = {
    shape,
    items,
    parts,
    scales: await loader.scales(),
    rows: await loader.rows(),
    positions: hasPositions ? await loader.table("clusters.positions", "index.positions") : null,
    centroids: hasPositions ? await loader.table("centroids", "index.centroids") : null,
    spread: manifest.clusterSpread,
    vectors,
  };
  await loader.codes(parts);
  await loader.bitmaps(parts);
  if (shape.cells > 0) await loader.cells(parts);
  for (const part of vectors) await loader.vectors(part);
  await uploads.finish();
  return index;
}

function requireCodes({ settings }: ArtifactManifest): void {
  if (settings.precision === "int8") return;
  throw new HarnessError(
    "BAD_INPUT",
    `the engine fused scans 8-bit items; this artifact was compiled with precision ${settings.precision}`,
    { where: "precision", hint: "set precision: int8; the best are scored again in float32" },
  );
}

function searchShape(manifest: ArtifactManifest, weights: WeightsReader): SearchShape {
  const { items, dim, model, clusters, clusterWidth, bitmapRows, checked } = manifest;
  const padded = Math.ceil(items / 64) * 64;
  const width = clusterWidth ?? Math.min(STRETCH, padded);
  return {
    dim,
    heads: model.heads,
    clusters: clusters ?? Math.ceil(padded / width),
    width,
    bitmapRows,
    cells: checked ? weights.tensor("items.cells").dims[1]! : 0,
    hasPositions: clusters !== null,
  };
}
