import type { Variant } from "../scenario/variants.ts";
import type { SystemSpec } from "../scenario/schema.ts";
import type { StartOptions, System } from "../system.ts";

/** A system's kind and its settings, defaults filled in. */
export type SystemChoice = { [Kind in SystemSpec["kind"]]: Choice<Kind> }[SystemSpec["kind"]];

interface Choice<Kind extends SystemSpec["kind"]> {
  readonly kind: Kind;
  readonly settings: Extract<SystemSpec, { kind: Kind }>["settings"];
}

/** The choice that a variant of a system makes. */
export function choiceOf(spec: SystemSpec, { settings }: Variant): SystemChoice {
  return { kind: spec.kind, settings } as SystemChoice;
}

/**
 * Starts a system of any kind. This is the one place that meets both systems; each is loaded only
 * when it is asked for, so that measuring one never loads the other's native code.
 */
export async function startSystem(
  choice: SystemChoice,
  options: Omit<StartOptions<never>, "settings">,
): Promise<System> {
  switch (choice.kind) {
    case "mesh": {
      const { startMesh } = await import("../../baseline/system.ts");
      return startMesh({ ...options, settings: choice.settings });
    }
    case "index-as-model": {
      const { startIndexAsModel } = await import("../../silvertorch/system.ts");
      return startIndexAsModel({ ...options, settings: choice.settings });
    }
    case "remote": {
      const { startRemote } = await import("../load/remote-system.ts");
      return startRemote({ ...options, settings: choice.settings });
    }
    case "null": {
      const { startNull } = await import("../load/null-system.ts");
      return startNull({ ...options, settings: choice.settings });
    }
    case "delay": {
      const { startDelay } = await import("../load/delay-system.ts");
      return startDelay({ ...options, settings: choice.settings });
    }
  }
}
