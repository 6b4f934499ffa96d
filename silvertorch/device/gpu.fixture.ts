import { existsSync } from "node:fs";
import { HarnessError } from "../../src/errors.ts";
import { GpuDevice, STORAGE } from "./gpu-device.ts";
import { bind, compileKernel, type Grid, type Kernel } from "./kernel.ts";
import { PlainRecorder } from "./passes.ts";

/** A processor that plays a GPU, as Debian's chromium brings it. */
const SOFTWARE_DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/**
 * For tests: a GPU, or the processor that plays one. null where there is no Vulkan at all, which is
 * printed, so that no test is skipped without a word; with `CI` set it is an error.
 */
export async function openTestDevice(): Promise<GpuDevice | null> {
  const options = { allowSoftware: true, timestamps: false };
  try {
    return await GpuDevice.open(options);
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== "UNAVAILABLE") throw error;
    if (process.env["VK_ICD_FILENAMES"] === undefined && existsSync(SOFTWARE_DRIVER)) {
      process.env["VK_ICD_FILENAMES"] = SOFTWARE_DRIVER;
      return await openTestDevice();
    }
    // In CI nothing passes by being absent.
    if (process.env["CI"] !== undefined) throw error;
    process.stdout.write(`tests on a GPU are skipped: ${error.message} (${error.hint ?? ""})\n`);
    return null;
  }
}

/** For tests: runs a kernel over these buffers once; buffers are made of arrays. */
export class KernelBench implements AsyncDisposable {
  readonly device: GpuDevice;
  readonly #kernels = new Map<string, Kernel>();

  constructor(device: GpuDevice) {
    this.device = device;
  }

  floats(values: Iterable<number>): GPUBuffer {
    return this.device.bufferOf("floats", Float32Array.from(values), STORAGE);
  }

  words(values: Iterable<number>): GPUBuffer {
    return this.device.bufferOf("words", Uint32Array.from(values), STORAGE);
  }

  zeros(length: number): GPUBuffer {
    return this.device.buffer("zeros", 4 * length);
  }

  async run(label: string, code: string, buffers: readonly GPUBuffer[], grid: Grid): Promise<void> {
    const kernel = this.#kernels.get(code) ?? (await compileKernel(this.device, label, code));
    this.#kernels.set(code, kernel);
    const bound = bind(this.device, kernel, buffers);
    this.device.submit(label, (encoder) => {
      const recorder = new PlainRecorder(encoder);
      recorder.run(bound, grid);
      recorder.end();
    });
  }

  async floatsOf(buffer: GPUBuffer, length: number): Promise<number[]> {
    return [...new Float32Array(await this.device.read(buffer, 4 * length))];
  }

  async wordsOf(buffer: GPUBuffer, length: number): Promise<number[]> {
    return [...new Uint32Array(await this.device.read(buffer, 4 * length))];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.device[Symbol.asyncDispose]();
  }
}
