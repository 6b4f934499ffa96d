import type { GpuDevice } from "../../device/gpu-device.ts";
import type { Kernel } from "../../device/kernel.ts";

/** A kernel, or none, and what the compiler and the device said of it. */
export interface CompileReport {
  readonly kernel: Kernel | null;
  readonly told: readonly string[];
}

/**
 * Compiles what the device may refuse. Other than by `compileKernel`, a refusal leaves the device
 * fit for further kernels, and all that was said is kept.
 */
export async function compileReport(
  { raw }: GpuDevice,
  label: string,
  code: string,
): Promise<CompileReport> {
  raw.pushErrorScope("internal");
  raw.pushErrorScope("validation");
  const module = raw.createShaderModule({ label, code });
  const { messages } = await module.getCompilationInfo();
  const lines = code.split("\n");
  const told = messages.map(
    ({ type, lineNum, message }) =>
      `${type}, line ${lineNum}: ${message}\n    ${lines[lineNum - 1]?.trim() ?? ""}`,
  );
  let pipeline: GPUComputePipeline | null = null;
  try {
    pipeline = await raw.createComputePipelineAsync({
      label,
      layout: "auto",
      compute: { module, entryPoint: "main" },
    });
  } catch (error) {
    told.push(`pipeline: ${String(error)}`);
  }
  for (const scope of ["validation", "internal"]) {
    const error = await raw.popErrorScope();
    if (error !== null) told.push(`${scope}: ${error.message}`);
  }
  return { kernel: pipeline === null ? null : { label, pipeline }, told };
}
