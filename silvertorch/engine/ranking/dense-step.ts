import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, type Binding, type Kernel } from "../../device/kernel.ts";
import type { Recorder } from "../../device/passes.ts";
import {
  denseLayerGrid,
  denseLayerKernel,
  type DenseLayerShape,
} from "../../kernels/ranking/dense-layer.ts";

/** A layer, compiled. */
export interface DenseStep {
  readonly shape: DenseLayerShape;
  readonly kernel: Kernel;
}

export async function denseStep(
  device: GpuDevice,
  label: string,
  shape: DenseLayerShape,
): Promise<DenseStep> {
  return { shape, kernel: await compileKernel(device, label, denseLayerKernel(shape)) };
}

export interface DenseBuffers {
  /** uint32 [rows] */
  readonly params: Binding;
  readonly weights: GPUBuffer;
  readonly source: GPUBuffer;
  readonly target: GPUBuffer;
}

/** What records a layer over so many rows. */
export function boundStep(
  device: GpuDevice,
  { shape, kernel }: DenseStep,
  { params, weights, source, target }: DenseBuffers,
): (recorder: Recorder, rows: number) => void {
  const bound = bind(device, kernel, [params, weights, source, target]);
  return (recorder, rows) => recorder.run(bound, denseLayerGrid(shape, rows));
}
