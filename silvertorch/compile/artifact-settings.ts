import type { IndexAsModelSettings } from "../../src/scenario/settings.ts";
import type { ArtifactSettings } from "./manifest.ts";

/** What of a system's settings its artifact depends on: systems that differ elsewhere share it. */
export function artifactSettings({
  precision,
  scale,
  nlist,
  nprobe,
}: Pick<IndexAsModelSettings, "precision" | "scale" | "nlist" | "nprobe">): ArtifactSettings {
  return { precision, scale, clusters: nprobe === "all" && nlist === "auto" ? null : nlist };
}
