import { HarnessError } from "../../src/errors.ts";
import type { GpuDevice } from "./gpu-device.ts";

/** Workgroups of a dispatch along x, y and z. */
export type Grid = readonly [x: number, y?: number, z?: number];

/** A compiled compute shader; its bindings are numbered 0, 1, .. in group 0. */
export interface Kernel {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
}

/** A kernel with what it works on. */
export interface BoundKernel {
  readonly kernel: Kernel;
  readonly group: GPUBindGroup;
}

/**
 * Compiles a shader.
 * @throws HarnessError INTERNAL with the shader's name, the compiler's messages and their lines.
 */
export async function compileKernel(
  device: GpuDevice,
  label: string,
  code: string,
): Promise<Kernel> {
  device.onCompile(label);
  const shader = device.raw.createShaderModule({ label, code });
  try {
    const pipeline = await device.raw.createComputePipelineAsync({
      label,
      layout: "auto",
      compute: { module: shader, entryPoint: "main" },
    });
    return { label, pipeline };
  } catch (cause) {
    const { messages } = await shader.getCompilationInfo();
    const lines = code.split("\n");
    const told = messages.map(
      ({ lineNum, message }) => `  line ${lineNum}: ${message}\n    ${lines[lineNum - 1] ?? ""}`,
    );
    throw new HarnessError(
      "INTERNAL",
      `the kernel ${label} does not compile on ${device.adapter.device}:\n${told.join("\n")}`,
      { where: label, cause },
    );
  }
}

/** Part of a buffer, or all of it. */
export type Binding = GPUBuffer | GPUBufferBinding;

/** Binds buffers to a kernel in the order of its bindings. */
export function bind(device: GpuDevice, kernel: Kernel, buffers: readonly Binding[]): BoundKernel {
  const group = device.raw.createBindGroup({
    label: kernel.label,
    layout: kernel.pipeline.getBindGroupLayout(0),
    entries: buffers.map((each, binding) => ({
      binding,
      resource: "buffer" in each ? each : { buffer: each },
    })),
  });
  return { kernel, group };
}

/** The most workgroups along one dimension that every WebGPU device has. */
const MAX_GRID = 65_535;

/**
 * A grid of at least `count` workgroups, along x and, of many, y; the kernel finds its number by
 * `LINEAR_WORKGROUP` and must ignore those beyond.
 */
export function linearGrid(count: number): Grid {
  if (count <= MAX_GRID) return [count];
  const rows = Math.ceil(count / MAX_GRID);
  return [Math.ceil(count / rows), rows];
}

/** WGSL: the number of a workgroup in a `linearGrid`, from the builtins `workgroup` and `grid`. */
export const LINEAR_WORKGROUP = "workgroup.x + workgroup.y * grid.x";

/** WGSL: an entry point whose threads are numbered through, `at`; it must ignore those beyond. */
export const linearMain = (threads: number, body: string): string => /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let at = (${LINEAR_WORKGROUP}) * ${threads}u + thread;
  ${body}
}
`;
