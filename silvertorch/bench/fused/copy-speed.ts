import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel } from "../../device/kernel.ts";
import { PlainRecorder } from "../../device/passes.ts";

const REPEATS = 20;
/** A card that idled takes a while to its full clock. */
const WARM_MS = 1500;
const THREADS = 256;
const GROUPS = 16_384;

/** Read and write as they come, 16 bytes a thread at a time. */
const COPY = /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> copied: array<vec4<u32>>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) at: vec3<u32>) {
  for (var n = at.x; n < arrayLength(&source); n += ${GROUPS * THREADS}u) { copied[n] = source[n]; }
}
`;

/** Bytes read and written a millisecond by a kernel that copies a large buffer. */
export async function copySpeed(device: GpuDevice): Promise<number> {
  const bytes = device.adapter.isSoftware ? 1 << 24 : 2 ** 30;
  const source = device.buffer("copy.source", bytes);
  const target = device.buffer("copy.target", bytes);
  const bound = bind(device, await compileKernel(device, "copy", COPY), [source, target]);
  const copies = async (count: number): Promise<void> => {
    device.submit("copy", (encoder) => {
      const recorder = new PlainRecorder(encoder);
      for (let n = 0; n < count; n++) recorder.run(bound, [GROUPS]);
      recorder.end();
    });
    await device.settle(device.queue.onSubmittedWorkDone());
  };
  const warmMs = performance.now();
  do await copies(REPEATS);
  while (!device.adapter.isSoftware && performance.now() - warmMs < WARM_MS);
  const beganMs = performance.now();
  await copies(REPEATS);
  const ms = performance.now() - beganMs;
  device.release(source);
  device.release(target);
  return (2 * bytes * REPEATS) / ms;
}
