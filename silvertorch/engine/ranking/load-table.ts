import type { WeightsReader } from "../../compile/weights-reader.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";

/** Bytes on their way from the file to the device. */
export const STAGING_BYTES = 32 << 20;

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

/** Puts a float32 tensor of rows on the device, a stretch of the file at a time. */
export async function loadTable(
  device: GpuDevice,
  reader: WeightsReader,
  name: string,
): Promise<TableChunk[]> {
  const [count, width] = reader.tensor(name).dims as [number, number];
  const most = chunkRows(device, 4 * width);
  const chunks: TableChunk[] = [];
  for (let first = 0; first < count; first += most) {
    const rows = Math.min(most, count - first);
    const buffer = device.buffer(name, 4 * width * rows);
    const each = Math.max(1, Math.floor(STAGING_BYTES / (4 * width)));
    for (let row = 0; row < rows; row += each) {
      const piece = new Uint8Array(Math.min(each, rows - row) * 4 * width);
      await reader.read(name, (first + row) * 4 * width, piece);
      device.queue.writeBuffer(buffer, row * 4 * width, piece);
      await device.settle(device.queue.onSubmittedWorkDone());
    }
    chunks.push({ rows: device.bufferOf(`${name}.rows`, Uint32Array.of(first, rows)), buffer });
  }
  return chunks;
}
