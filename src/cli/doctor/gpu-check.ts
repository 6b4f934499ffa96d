import { join } from "node:path";
import type { Check } from "./check.ts";
import { ok, warn } from "./check.ts";
import { programOutput } from "./program-output.ts";

/** What dist/silvertorch/device/tell-gpu.js says. */
export type GpuTold =
  | {
      readonly kind: "there";
      readonly device: string;
      readonly driver: string;
      readonly isSoftware: boolean;
      readonly features: readonly string[];
      readonly subgroupSizes: readonly number[];
      readonly workgroupBytes: number;
      readonly bindingBytes: number;
    }
  | { readonly kind: "missing"; readonly why: string; readonly hint: string };

/** What the engine fused would run on. @param root folder of the package. */
export async function gpuCheck(root: string): Promise<Check> {
  const said = await programOutput(process.execPath, [
    join(root, "dist/silvertorch/device/tell-gpu.js"),
  ]);
  if (said === null) {
    return warn(
      "engine fused",
      "no answer of the GPU's driver",
      "npm run build; or mend the driver",
    );
  }
  return gpuLine(JSON.parse(said.split("\n").at(-1)!) as GpuTold);
}

export function gpuLine(told: GpuTold): Check {
  const name = "engine fused";
  if (told.kind === "missing") {
    return warn(name, told.why, `${told.hint}; the engine onnx needs no GPU`);
  }
  const { device, driver, features, subgroupSizes, workgroupBytes, bindingBytes } = told;
  const driven = driver === "" || driver === device ? "" : ` (${driver})`;
  const found =
    `${device}${driven}; ${features.join(", ")}; subgroups of ${subgroupSizes.join(" to ")}, ` +
    `${workgroupBytes / 1024} KiB a workgroup, ${(bindingBytes / 2 ** 30).toFixed(1)} GiB a binding`;
  if (!told.isSoftware) return ok(name, found);
  return warn(
    name,
    `a processor plays the GPU: ${found}`,
    "install the GPU's Vulkan driver; allowSoftware: true runs it here, with worthless times",
  );
}
