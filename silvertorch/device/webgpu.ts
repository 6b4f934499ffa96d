import { create, globals } from "webgpu";
import { paceDawn } from "./polling.ts";

const names = globals as Pick<typeof globalThis, "GPUBufferUsage" | "GPUMapMode">;

/** What a buffer may be used for: flags, to be combined with `|`. */
export const BUFFER_USAGE = names.GPUBufferUsage;
/** How a buffer is mapped. */
export const MAP_MODE = names.GPUMapMode;

/**
 * Dawn rounds timestamps to 65 microseconds unless told otherwise, more than a kernel takes; and
 * it counts their being exact as unsafe. It also fills workgroup memory with zeros before each
 * workgroup and clamps each index: our kernels rely on neither, and both cost time, on a processor
 * that plays a GPU (whose compiler unrolls them) many seconds a kernel.
 */
const ENABLED = ["allow_unsafe_apis", "disable_workgroup_init", "disable_robustness"];
const DISABLED = ["timestamp_quantization"];
/** Dawn multiplies matrices only by Vulkan's memory model, which it need not use otherwise. */
const FOR_MATRICES = ["use_vulkan_memory_model"];

/**
 * An instance of Dawn. Whoever opens a device must keep it referenced for as long as the device
 * lives: once collected, Dawn is torn down under the running device, and the process dies.
 */
export function createInstance({ matrices }: { readonly matrices: boolean }): GPU {
  paceDawn();
  const enabled = matrices ? [...ENABLED, ...FOR_MATRICES] : ENABLED;
  // Of two flags of one name Dawn looks at one alone.
  return create([
    `enable-dawn-features=${enabled.join()}`,
    `disable-dawn-features=${DISABLED.join()}`,
  ]);
}
