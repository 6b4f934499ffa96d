import type { GpuDevice } from "../../device/gpu-device.ts";
import { createInstance } from "../../device/webgpu.ts";

/** Kept, or Dawn is torn down under the adapter. */
const kept: GPU[] = [];

/** What adapter and device say of themselves, all of it, in lines: how matrices are told differs between versions. */
export async function matrixFacts({ raw, adapter }: GpuDevice): Promise<string[]> {
  const instance = createInstance({ matrices: true });
  kept.push(instance);
  const another = await instance.requestAdapter({ powerPreference: "high-performance" });
  return [
    `adapter features: ${adapter.features.join(" ")}`,
    `device features: ${[...raw.features].toSorted().join(" ")}`,
    `WGSL: ${[...instance.wgslLanguageFeatures].toSorted().join(" ")}`,
    `adapter.info: ${propertiesOf(another?.info)}`,
    `device.adapterInfo: ${propertiesOf(raw.adapterInfo)}`,
  ];
}

/** Own and inherited properties with their values; those of lists, too. */
function propertiesOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(propertiesOf).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const names = new Set<string>();
  for (let each: object | null = value; each !== null && each !== Object.prototype;) {
    for (const name of Object.getOwnPropertyNames(each)) names.add(name);
    each = Object.getPrototypeOf(each) as object | null;
  }
  const told = [...names].flatMap((name) => {
    const held: unknown = Reflect.get(value, name);
    return typeof held === "function" ? [] : [`${name} ${propertiesOf(held)}`];
  });
  return `{ ${told.join(", ")} }`;
}
