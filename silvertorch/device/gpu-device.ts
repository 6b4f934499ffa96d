import { HarnessError } from "../../src/errors.ts";
import { somethingCame, somethingHappened } from "./polling.ts";
import { BUFFER_USAGE, createInstance } from "./webgpu.ts";

/** What the adapter says of itself. */
export interface AdapterFacts {
  readonly vendor: string;
  readonly architecture: string;
  /** Name of the card and of its driver, as far as the driver tells. */
  readonly device: string;
  readonly description: string;
  /** Whether it is a processor that plays a GPU: right answers, worthless times. */
  readonly isSoftware: boolean;
  readonly features: readonly string[];
  readonly subgroupSizes: readonly [least: number, most: number];
}

export interface DeviceOptions {
  /** Whether a software adapter will do. */
  readonly allowSoftware: boolean;
  /** Whether passes can be timed, where the adapter has timestamps. */
  readonly timestamps: boolean;
  /** Whether kernels may multiply matrices by subgroups (tensor cores), where the adapter can; absent: no. */
  readonly matrices?: boolean;
}

/** The feature of matrices, which is an experiment still and not among WebGPU's own. */
export const MATRICES = "chromium-experimental-subgroup-matrix" as GPUFeatureName;

/** Limits that are asked for as large as the adapter has them; all others stay at their defaults. */
const WANTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
] as const;

/** Storage buffers that the scan binds at once, with filter, check and exclusions. */
const LEAST_STORAGE_BUFFERS = 12;

/** Features used where they are there. */
const WANTED_FEATURES: readonly GPUFeatureName[] = ["subgroups", "shader-f16"];

const DRIVER_HINT =
  "install the GPU's Vulkan driver and libvulkan1; `silverbench doctor` says what is there";

/**
 * A GPU as the engine uses it. Errors that no call can throw, for they come later (validation, out
 * of memory, a lost device), are thrown by what is waited for; after that nothing on this device can
 * be trusted.
 */
export class GpuDevice implements AsyncDisposable {
  readonly adapter: AdapterFacts;
  readonly limits: GPUSupportedLimits;
  readonly queue: GPUQueue;
  /** The device itself, for encoders, bind groups and query sets. */
  readonly raw: GPUDevice;
  /** Called before a kernel is compiled, which can take long. */
  onCompile: (kernel: string) => void = () => {};
  // Kept, or Dawn is torn down under the device.
  readonly #instance: GPU;
  readonly #bytesOf = new Map<GPUBuffer, number>();
  /** Those who wait for the device, to be told of a failure. */
  readonly #waiting = new Set<(error: HarnessError) => void>();
  #bytes = 0;
  #failure: HarnessError | null = null;
  #disposed = false;

  private constructor(instance: GPU, device: GPUDevice, adapter: AdapterFacts) {
    this.#instance = instance;
    this.raw = device;
    this.adapter = adapter;
    this.limits = device.limits;
    this.queue = device.queue;
    device.addEventListener("uncapturederror", (event) => this.#fail(deviceError(event.error)));
    void device.lost.then((info) => this.#fail(lostError(info)));
  }

  /** @throws HarnessError UNAVAILABLE if there is no adapter that will do, saying what is missing. */
  static async open(options: DeviceOptions): Promise<GpuDevice> {
    const { allowSoftware, timestamps, matrices = false } = options;
    const instance = createInstance({ matrices });
    const adapter = await instance.requestAdapter({ powerPreference: "high-performance" });
    if (adapter === null) {
      throw new HarnessError("UNAVAILABLE", "no GPU: there is no Vulkan, Metal or D3D12 adapter", {
        where: "device",
        hint: DRIVER_HINT,
      });
    }
    const facts = adapterFacts(adapter);
    requireUsable(instance, adapter, facts, allowSoftware);
    const features = WANTED_FEATURES.filter((name) => adapter.features.has(name));
    if (timestamps && adapter.features.has("timestamp-query")) features.push("timestamp-query");
    if (matrices && adapter.features.has(MATRICES)) features.push(MATRICES);
    const device = await adapter.requestDevice({
      requiredFeatures: features,
      requiredLimits: Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]])),
    });
    return new GpuDevice(instance, device, facts);
  }

  /** Whether passes can be timed on the device. */
  get hasTimestamps(): boolean {
    return this.raw.features.has("timestamp-query");
  }

  /** Bytes of the buffers that there are. */
  get memoryBytes(): number {
    return this.#bytes;
  }

  /** Of each buffer that there is. */
  get bufferBytes(): readonly number[] {
    return [...this.#bytesOf.values()];
  }

  /** @throws HarnessError of what went wrong on the device, if anything did. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /**
   * A buffer of zeros.
   * @param bytes rounded up to whole words, at least 16.
   * @throws HarnessError BAD_INPUT if the device has no buffers of that size.
   */
  buffer(label: string, bytes: number, usage: GPUBufferUsageFlags = STORAGE): GPUBuffer {
    this.check();
    const size = Math.max(16, Math.ceil(bytes / 4) * 4);
    if (size > this.limits.maxBufferSize) {
      throw new HarnessError(
        "BAD_INPUT",
        `buffer ${label}: ${size} bytes were asked for, ${this.adapter.device} has buffers of at most ${this.limits.maxBufferSize}`,
        { where: "device", hint: "use smaller batches, or a smaller k" },
      );
    }
    const buffer = this.raw.createBuffer({ label, size, usage });
    this.#bytesOf.set(buffer, size);
    this.#bytes += size;
    return buffer;
  }

  /** A storage buffer that holds these numbers. */
  bufferOf(label: string, data: ArrayBufferView<ArrayBuffer>, usage = STORAGE): GPUBuffer {
    const buffer = this.buffer(label, data.byteLength, usage);
    this.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  /** Gives a buffer's memory back. */
  release(buffer: GPUBuffer): void {
    this.#bytes -= this.#bytesOf.get(buffer) ?? 0;
    this.#bytesOf.delete(buffer);
    buffer.destroy();
  }

  /** Encodes and submits commands. */
  submit(label: string, encode: (encoder: GPUCommandEncoder) => void): void {
    this.check();
    const encoder = this.raw.createCommandEncoder({ label });
    encode(encoder);
    this.queue.submit([encoder.finish()]);
    somethingHappened();
  }

  /**
   * What a buffer with usage COPY_SRC holds. For tests and set-up: an engine reads through buffers
   * of its own (readback.ts).
   */
  async read(buffer: GPUBuffer, bytes: number = buffer.size): Promise<ArrayBuffer> {
    const size = Math.ceil(bytes / 4) * 4;
    const usage = BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST;
    const staging = this.raw.createBuffer({ label: "read", size, usage });
    this.submit("read", (encoder) => encoder.copyBufferToBuffer(buffer, 0, staging, 0, size));
    await this.settle(staging.mapAsync(1));
    const held = staging.getMappedRange().slice(0, bytes);
    staging.destroy();
    return held;
  }

  /**
   * Waits for the device, but not for one that is lost.
   * @throws HarnessError of what went wrong on the device.
   */
  async settle<T>(pending: Promise<T>): Promise<T> {
    let giveUp: (error: HarnessError) => void = () => {};
    // Not a promise for all who wait: one that lasts as long as the device would keep them all.
    const failure = new Promise<never>((_, reject) => (giveUp = reject));
    if (this.#failure !== null) giveUp(this.#failure);
    this.#waiting.add(giveUp);
    try {
      return await Promise.race([pending, failure]);
    } catch (error) {
      throw this.#failure ?? HarnessError.from(error);
    } finally {
      this.#waiting.delete(giveUp);
      somethingCame(this.#waiting.size);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.raw.destroy();
    await this.raw.lost;
    this.#bytesOf.clear();
    this.#bytes = 0;
    // The instance may go only now.
    void this.#instance;
  }

  /** The first error stays. */
  #fail(error: HarnessError): void {
    if (this.#disposed) return;
    this.#failure ??= error;
    for (const giveUp of this.#waiting) giveUp(this.#failure);
  }
}

/** Read and written by kernels, copied from and to. */
export const STORAGE: GPUBufferUsageFlags =
  BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_DST | BUFFER_USAGE.COPY_SRC;

function adapterFacts({ info, features }: GPUAdapter): AdapterFacts {
  const { vendor, architecture, device, description } = info;
  return {
    vendor,
    architecture,
    device: device || description || vendor,
    description,
    isSoftware: info.isFallbackAdapter || /llvmpipe|swiftshader/i.test(`${device} ${description}`),
    features: [...features].toSorted(),
    subgroupSizes: [info.subgroupMinSize ?? 0, info.subgroupMaxSize ?? 0],
  };
}

function requireUsable(
  instance: GPU,
  adapter: GPUAdapter,
  facts: AdapterFacts,
  allowSoftware: boolean,
): void {
  const unusable = (message: string, hint: string): HarnessError =>
    new HarnessError("UNAVAILABLE", `${facts.device}: ${message}`, { where: "device", hint });
  if (facts.isSoftware && !allowSoftware) {
    throw unusable(
      "a processor plays the GPU, and its times say nothing of one",
      `${DRIVER_HINT}; or set allowSoftware: true to try it all the same`,
    );
  }
  if (!instance.wgslLanguageFeatures.has("packed_4x8_integer_dot_product")) {
    throw unusable(
      "WGSL's packed_4x8_integer_dot_product is missing, by which items are scored",
      "use a newer driver",
    );
  }
  const buffers = adapter.limits.maxStorageBuffersPerShaderStage;
  if (buffers < LEAST_STORAGE_BUFFERS) {
    throw unusable(
      `a kernel may bind ${buffers} storage buffers, the search needs ${LEAST_STORAGE_BUFFERS}`,
      "use a newer driver, or another GPU",
    );
  }
}

const lostError = ({ reason, message }: GPUDeviceLostInfo): HarnessError =>
  new HarnessError("UNAVAILABLE", `the GPU was lost (${reason}): ${message}`, {
    where: "device",
    hint: "the driver's log says why; the engine must be opened again",
  });

function deviceError(error: GPUError): HarnessError {
  // Chromium's types of errors are told apart by the constructor's name.
  const isMemory = error.constructor.name === "GPUOutOfMemoryError";
  return new HarnessError(
    isMemory ? "UNAVAILABLE" : "INTERNAL",
    isMemory
      ? `the GPU has no memory left: ${error.message}`
      : `the GPU refused a command: ${error.message}`,
    {
      where: "device",
      ...(isMemory ? { hint: "use a smaller index, smaller batches, or a larger card" } : {}),
    },
  );
}
