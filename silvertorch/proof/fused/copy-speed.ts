import type { GpuDevice } from "../../device/gpu-device.ts";

const REPEATS = 20;

/** Bytes read and written a millisecond by copies from buffer to buffer, on the device. */
export async function copySpeed(device: GpuDevice): Promise<number> {
  const bytes = Math.min(device.limits.maxBufferSize, device.adapter.isSoftware ? 1 << 24 : 2 ** 30);
  const source = device.buffer("copy.source", bytes);
  const target = device.buffer("copy.target", bytes);
  const copies = async (count: number): Promise<void> => {
    device.submit("copy", (encoder) => {
      for (let n = 0; n < count; n++) encoder.copyBufferToBuffer(source, 0, target, 0, bytes);
    });
    await device.settle(device.queue.onSubmittedWorkDone());
  };
  await copies(2);
  const beganMs = performance.now();
  await copies(REPEATS);
  const ms = performance.now() - beganMs;
  device.release(source);
  device.release(target);
  return (2 * bytes * REPEATS) / ms;
}
