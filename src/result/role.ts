import type { Result } from "./schema.ts";

/**
 * What a system is in the comparison. `mesh`: what others are held against. `in-process`: the same
 * mesh in one process, so that the wire's share shows. `challenger`: what is compared. `ruler`: a
 * null or delay system, there to prove the ruler; it is never compared or priced.
 */
export type Role = "mesh" | "in-process" | "challenger" | "ruler";

/** @param result the systems of a result; a name it does not hold is a challenger. */
export function roleOf(result: Pick<Result, "systems">, name: string): Role {
  const system = result.systems[name];
  if (system?.kind === "null" || system?.kind === "delay") return "ruler";
  if (system?.kind !== "mesh") return "challenger";
  return system.settings["transport"] === "in-process" ? "in-process" : "mesh";
}

/** The first system of a role, in the scenario's order; null where there is none. */
export function firstOf(result: Pick<Result, "systems">, role: Role): string | null {
  return Object.keys(result.systems).find((name) => roleOf(result, name) === role) ?? null;
}

/** Systems that are compared and priced, in the scenario's order. */
export function measuredSystems(result: Pick<Result, "systems">): string[] {
  return Object.keys(result.systems).filter((name) => roleOf(result, name) !== "ruler");
}

/** Whether a system computes on a device other than the processor. */
export const isOnGpu = ({ systems }: Pick<Result, "systems">, name: string): boolean =>
  systems[name]!.device !== "cpu";

/** The first mesh whose index is on a GPU, in the scenario's order; null where there is none. */
export function meshOnGpu(result: Pick<Result, "systems">): string | null {
  const isMesh = (name: string): boolean => roleOf(result, name) === "mesh";
  return measuredSystems(result).find((name) => isMesh(name) && isOnGpu(result, name)) ?? null;
}
