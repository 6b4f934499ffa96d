import { InferenceSession, listSupportedBackends } from "onnxruntime-node";
import { HarnessError } from "../errors.ts";

/** Where a graph runs. */
export type Device = "cpu" | "cuda" | "webgpu";

/** What ONNX Runtime calls the part of it that runs nodes there. */
export const PROVIDERS: Readonly<Record<Device, string>> = {
  cpu: "CPUExecutionProvider",
  cuda: "CUDAExecutionProvider",
  webgpu: "WebGpuExecutionProvider",
};

const HINTS: Readonly<Record<Device, string>> = {
  cpu: "reinstall onnxruntime-node",
  cuda: "CUDA needs an NVIDIA GPU, CUDA 13 with cuDNN 9, and ONNX Runtime's CUDA provider of the same version beside onnxruntime-node; or set device: cpu",
  webgpu:
    "WebGPU needs libvulkan.so.1 and a driver (VK_ICD_FILENAMES names one); or set device: cpu",
};

/**
 * Makes products of float32 what they are called: by default CUDA's libraries round the factors to
 * 10 bits. They read the environment of the process when they are loaded, so this is to be called
 * on the main thread, whose environment it is.
 */
export function keepFloatsWhole(device: Device): void {
  if (device === "cuda") process.env["NVIDIA_TF32_OVERRIDE"] = "0";
}

/**
 * Tries a device on a graph of one node, so that what is missing shows before any work is done.
 * @throws HarnessError UNAVAILABLE saying what is missing, what ONNX Runtime brings, what to do.
 */
export async function requireDevice(device: Device): Promise<void> {
  // A thread that only runs graphs does without.
  const { GraphBuilder } = await import("./graph-builder.ts");
  const graph = new GraphBuilder("probe");
  const x = graph.input("x", "float32", ["n"]);
  graph.output("y", graph.node("Add", [x, x]), "float32", ["n"]);
  try {
    const session = await InferenceSession.create(graph.toBytes(), {
      executionProviders: [device],
      // Fatal only: the reason arrives as an exception.
      logSeverityLevel: 4,
    });
    await session.release();
  } catch (cause) {
    const offered = listSupportedBackends().map(({ name, bundled }) =>
      bundled ? name : `${name} (if installed)`,
    );
    throw new HarnessError(
      "UNAVAILABLE",
      `the device ${device} cannot be used here; this ONNX Runtime knows ${offered.join(", ")}`,
      { where: "device", hint: HINTS[device], cause },
    );
  }
}
