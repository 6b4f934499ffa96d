import type { MeshSettings } from "../src/scenario/settings.ts";

/** Where the services of a mesh run: a process each, a thread each, or all in one thread. */
export type Placement = "process" | "thread" | "one";

/** What `placement: auto` comes to. */
export function placementOf({
  transport,
  placement,
}: Pick<MeshSettings, "transport" | "placement">): Placement {
  if (placement !== "auto") return placement;
  return transport === "grpc" ? "process" : "one";
}
