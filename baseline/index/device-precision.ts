import type { Device } from "../../src/onnx/device.ts";

/**
 * Whether a device may take products of halves, which displace a row by a few places. CUDA is kept
 * from it (`keepFloatsWhole`).
 */
export const isCoarseOn = (device: Device): boolean => device === "webgpu";
