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

/** Reads four at a time, and writes what the compiler cannot know to be never written. */
const READ = /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> copied: array<vec4<u32>>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) at: vec3<u32>) {
  const STEP = ${GROUPS * THREADS}u;
  var all = vec4<u32>();
  for (var n = at.x; n + 3u * STEP < arrayLength(&source); n += 4u * STEP) {
    all |= source[n] | source[n + STEP] | source[n + 2u * STEP] | source[n + 3u * STEP];
  }
  if (all.x == 0xfffffffeu) { copied[at.x] = all; }
}
`;

/** Bytes read and written a millisecond by a kernel that copies a large buffer. */
export const copySpeed = async (device: GpuDevice): Promise<number> =>
  2 * (await passesOver(device, COPY));

/** Bytes read a millisecond by a kernel that only reads. */
export const readSpeed = (device: GpuDevice): Promise<number> => passesOver(device, READ);

/** Bytes of the source a millisecond. */
async function passesOver(device: GpuDevice, code: string): Promise<number> {
  const bytes = device.adapter.isSoftware ? 1 << 26 : 2 ** 30;
  const source = device.buffer("copy.source", bytes);
  const target = device.buffer("copy.target", bytes);
  const bound = bind(device, await compileKernel(device, "copy", code), [source, target]);
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
  return (bytes * REPEATS) / ms;
}
