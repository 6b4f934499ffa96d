import type { WeightsReader } from "../../compile/weights-reader.ts";
import type { SearchShape } from "../../kernels/search/search-shape.ts";
import { NO_ROW } from "./stages.ts";

/** The positions of an artifact, some of which no item has. */
export interface Places {
  readonly weights: WeightsReader;
  readonly shape: Pick<SearchShape, "hasPositions">;
  readonly items: number;
}

/** The row of each position from `first` on; `NO_ROW` where there is no item. */
export async function readRows(
  { weights, shape, items }: Places,
  first: number,
  into: Uint32Array<ArrayBuffer>,
): Promise<void> {
  if (!shape.hasPositions) {
    for (let at = 0; at < into.length; at++) into[at] = first + at < items ? first + at : NO_ROW;
    return;
  }
  await weights.read("clusters.rows", 4 * first, asBytes(into));
  const padding = await readPadding(weights, first, into.length);
  for (let at = 0; at < into.length; at++) if (padding[at] !== 0) into[at] = NO_ROW;
}

/** The scale of each position from `first` on; negative where there is no item. */
export async function readScales(
  { weights, shape, items }: Places,
  first: number,
  into: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const scales = new Float32Array(into.buffer, into.byteOffset, into.length / 4);
  if (!shape.hasPositions) {
    const there = Math.max(0, Math.min(scales.length, items - first));
    await weights.read("items.scales", 4 * first, into.subarray(0, 4 * there));
    scales.fill(-1, there);
    return;
  }
  await weights.read("clusters.scales", 4 * first, into);
  const padding = await readPadding(weights, first, scales.length);
  for (let at = 0; at < scales.length; at++) if (padding[at] !== 0) scales[at] = -1;
}

/** Not zero where there is no item. */
async function readPadding(
  weights: WeightsReader,
  first: number,
  count: number,
): Promise<Float32Array> {
  const padding = new Float32Array(count);
  await weights.read("clusters.padding", 4 * first, asBytes(padding));
  return padding;
}

/** The same memory as whole words. */
export const asWords = ({
  buffer,
  byteOffset,
  byteLength,
}: ArrayBufferView<ArrayBuffer>): Uint32Array<ArrayBuffer> =>
  new Uint32Array(buffer, byteOffset, byteLength / 4);

export const asBytes = ({
  buffer,
  byteOffset,
  byteLength,
}: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer, byteOffset, byteLength);
