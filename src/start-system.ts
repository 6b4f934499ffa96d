import type { SystemSpec } from "./scenario/schema.ts";
import type { StartOptions, System } from "./system.ts";

/**
 * Starts a system of any kind. Its code is loaded only now, so that measuring one system never
 * loads the native code of the other.
 * @throws HarnessError whatever the system's own start throws; nothing is left behind.
 */
export async function startSystem(
  spec: Pick<SystemSpec, "kind" | "settings">,
  options: Omit<StartOptions<never>, "settings">,
): Promise<System> {
  const { kind, settings } = spec as SystemSpec;
  switch (kind) {
    case "mesh":
      return (await import("../baseline/system.ts")).startMesh({ ...options, settings });
    case "index-as-model":
      return (await import("../silvertorch/system.ts")).startIndexAsModel({ ...options, settings });
    case "remote":
      return (await import("./load/remote-system.ts")).startRemote({ ...options, settings });
    case "null":
      return (await import("./load/null-system.ts")).startNull({ ...options, settings });
    case "delay":
      return (await import("./load/delay-system.ts")).startDelay({ ...options, settings });
  }
}
