import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid } from "../../device/kernel.ts";
import { PlainRecorder } from "../../device/passes.ts";
import type { ItemRecord } from "../../kernels/ranking/item-record.ts";
import { emptyRecords, type RecordChunk } from "../../engine/ranking/load-records.ts";

const THREADS = 256;
/** Words that a thread fills. */
const STRETCH = 16;

/**
 * Records of numbers between -0.2 and 0.2, about as large as those of components of length 1, made
 * on the device: no upload. What a formula reads are small whole numbers.
 */
export async function madeUpRecords(
  device: GpuDevice,
  record: ItemRecord,
  items: number,
): Promise<RecordChunk[]> {
  const chunks = emptyRecords(device, { record, items });
  await fillRecords(device, record, chunks);
  return chunks;
}

/** Fills records with such numbers. */
export async function fillRecords(
  device: GpuDevice,
  record: ItemRecord,
  chunks: readonly Pick<RecordChunk, "rows" | "buffer">[],
): Promise<void> {
  const kernel = await compileKernel(device, "made-up-records", fillKernel(record));
  for (const [at, { rows, buffer }] of chunks.entries()) {
    const words = rows * record.words;
    const params = device.bufferOf("made-up.params", Uint32Array.of(words, 1 + at * 7919));
    const bound = bind(device, kernel, [params, buffer]);
    device.submit("made-up-records", (encoder) => {
      const recorder = new PlainRecorder(encoder);
      recorder.run(bound, linearGrid(Math.ceil(words / (THREADS * STRETCH))));
      recorder.end();
    });
  }
  await device.settle(device.queue.onSubmittedWorkDone());
}

function fillKernel({ words, parts, attributes }: ItemRecord): string {
  const isHalf = parts.some(({ precision }) => precision === "float16");
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> params: array<u32>;
@group(0) @binding(1) var<storage, read_write> records: array<u32>;

fn hash(seed: u32) -> u32 {
  var x = seed;
  x ^= x >> 16u; x *= 0x7feb352du; x ^= x >> 15u; x *= 0x846ca68bu; x ^= x >> 16u;
  return x;
}
fn number(bits: u32) -> f32 { return (f32(bits & 0xffffu) / 65535.0 - 0.5) * 0.4; }

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = (workgroup.x + workgroup.y * grid.x) * ${THREADS * STRETCH}u;
  for (var i = 0u; i < ${STRETCH}u; i++) {
    let at = first + i * ${THREADS}u + thread;
    if (at >= params[0]) { return; }
    let bits = hash(at ^ (params[1] * 2654435769u));
    var word = bitcast<u32>(number(bits));
    if (${isHalf}) { word = pack2x16float(vec2(number(bits), number(bits >> 16u))); }
    if (at % ${words}u >= ${attributes.at}u) { word = bitcast<u32>(f32(bits % 30u)); }
    records[at] = word;
  }
}
`;
}
