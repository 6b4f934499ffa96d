/**
 * A program for `bench:loading`, a process for each thing that is measured, for what a process held
 * at most is told of all its life: `load-once.js read|load|hold FOLDER SOFTWARE [BYTES...]`.
 *
 * read: the artifact's weights from the first byte to the last, by plain reads one after another.
 * load: index and user table onto the device. hold: the same buffers there, of zeros, nothing read.
 */
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Artifact } from "../../compile/artifact.ts";
import { WEIGHTS_FILE } from "../../compile/manifest.ts";
import { GpuDevice } from "../../device/gpu-device.ts";
import { loadIndex } from "../../engine/fused/load-index.ts";
import { openQueryStage } from "../../engine/ranking/query-stage.ts";

/** What the program says, as JSON. */
export interface LoadedOnce {
  readonly device: string;
  /** From the first read until all is where it should be. */
  readonly seconds: number;
  /** Handed over by reads, and of these what came from the disk and not from the page cache. */
  readonly bytes: number;
  readonly diskBytes: number;
  /** The most that the process held, and what of it the device's buffers take. */
  readonly maxRssBytes: number;
  readonly buffers: readonly number[];
}

/** Bytes of a plain read. */
const READ_BYTES = 16 << 20;

const [mode, folder, software, ...bytes] = process.argv.slice(2) as [string, string, string];
if (mode === "read") await readOnce(join(folder, WEIGHTS_FILE));
else await onDevice(mode === "load" ? load : hold);

async function readOnce(path: string): Promise<void> {
  const into = new Uint8Array(READ_BYTES);
  const before = await readSoFar();
  const beganMs = performance.now();
  const file = await open(path, "r");
  while ((await file.read(into, 0, into.length)).bytesRead > 0);
  await file.close();
  await tell("", beganMs, before, []);
}

async function onDevice(work: (device: GpuDevice) => Promise<void>): Promise<void> {
  const allowSoftware = software === "true";
  await using device = await GpuDevice.open({ allowSoftware, timestamps: false });
  const before = await readSoFar();
  const beganMs = performance.now();
  await work(device);
  await tell(device.adapter.device, beganMs, before, device.bufferBytes);
}

async function load(device: GpuDevice): Promise<void> {
  const artifact = await Artifact.open(folder, { verify: false });
  await loadIndex(device, artifact);
  await openQueryStage(device, artifact);
}

async function hold(device: GpuDevice): Promise<void> {
  for (const size of bytes.map(Number)) {
    const buffer = device.buffer("held", size);
    device.submit("hold", (encoder) => encoder.clearBuffer(buffer));
  }
  await device.settle(device.queue.onSubmittedWorkDone());
}

interface ReadSoFar {
  readonly bytes: number;
  readonly diskBytes: number;
}

/** What this process has read since it started: proc(5). */
async function readSoFar(): Promise<ReadSoFar> {
  const text = await readFile("/proc/self/io", "utf8");
  const field = (name: string): number =>
    Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(text)![1]);
  return { bytes: field("rchar"), diskBytes: field("read_bytes") };
}

async function tell(
  device: string,
  beganMs: number,
  before: ReadSoFar,
  buffers: readonly number[],
): Promise<void> {
  const seconds = (performance.now() - beganMs) / 1000;
  const after = await readSoFar();
  const told: LoadedOnce = {
    device,
    seconds,
    bytes: after.bytes - before.bytes,
    diskBytes: after.diskBytes - before.diskBytes,
    maxRssBytes: process.resourceUsage().maxRSS * 1024,
    buffers,
  };
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
