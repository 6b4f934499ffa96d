import type { WeightsReader } from "../../compile/weights-reader.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { UPLOAD_BYTES, Uploads } from "../../device/uploads.ts";

/** Rows of a table on the device, of which there may be more than one binding takes. */
export interface TableChunk {
  /** uint32 [first row, rows] */
  readonly rows: GPUBuffer;
  readonly buffer: GPUBuffer;
}

/** How rows of so many bytes are cut into chunks that can be bound. */
export function chunkRows({ limits }: GpuDevice, rowBytes: number): number {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  return Math.max(1, Math.floor(most / rowBytes));
}

/** Puts a float32 tensor of rows on the device, a few stretches of the file at a time. */
export async function loadTable(
  device: GpuDevice,
  reader: WeightsReader,
  name: string,
): Promise<TableChunk[]> {
  const [count, width] = reader.tensor(name).dims as [number, number];
  const rowBytes = 4 * width;
  const most = chunkRows(device, rowBytes);
  const each = Math.max(1, Math.floor(UPLOAD_BYTES / rowBytes));
  await using uploads = new Uploads(device);
  const chunks: TableChunk[] = [];
  for (let first = 0; first < count; first += most) {
    const rows = Math.min(most, count - first);
    const buffer = device.buffer(name, rowBytes * rows);
    for (let row = 0; row < rows; row += each) {
      const bytes = rowBytes * Math.min(each, rows - row);
      const fill = (into: Uint8Array): Promise<void> =>
        reader.read(name, (first + row) * rowBytes, into);
      await uploads.copy(bytes, fill, [buffer, row * rowBytes]);
    }
    chunks.push({ rows: device.bufferOf(`${name}.rows`, Uint32Array.of(first, rows)), buffer });
  }
  await uploads.finish();
  return chunks;
}
