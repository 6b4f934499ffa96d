/**
 * A program for `silverbench doctor`: says as JSON which GPU the engine fused would run on, or why
 * it cannot. In a process of its own, so that a driver which crashes is only reported.
 */
import { HarnessError } from "../../src/errors.ts";
import { GpuDevice } from "./gpu-device.ts";

/** What the program says. */
export type GpuTold =
  | {
      readonly kind: "there";
      readonly device: string;
      readonly driver: string;
      readonly isSoftware: boolean;
      readonly features: readonly string[];
      readonly subgroupSizes: readonly [number, number];
      readonly workgroupBytes: number;
      readonly bindingBytes: number;
    }
  | { readonly kind: "missing"; readonly why: string; readonly hint: string };

async function tell(): Promise<GpuTold> {
  try {
    await using device = await GpuDevice.open({ allowSoftware: true, timestamps: true });
    const { adapter, limits } = device;
    return {
      kind: "there",
      device: adapter.device,
      driver: adapter.description,
      isSoftware: adapter.isSoftware,
      features: [...device.raw.features].toSorted(),
      subgroupSizes: adapter.subgroupSizes,
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      bindingBytes: limits.maxStorageBufferBindingSize,
    };
  } catch (thrown) {
    const { message, hint = "" } = HarnessError.from(thrown);
    return { kind: "missing", why: message, hint };
  }
}

process.stdout.write(`${JSON.stringify(await tell())}\n`);
