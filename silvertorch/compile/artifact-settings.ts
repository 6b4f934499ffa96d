import type { IndexAsModelSettings } from "../../src/scenario/settings.ts";
import type { SignatureWidth } from "../eligibility/signature.ts";
import type { ArtifactSettings } from "./manifest.ts";

/** What of a system's settings its artifact depends on: systems that differ elsewhere share it. */
export function artifactSettings({
  precision,
  scale,
  nlist,
  nprobe,
  eligibility,
  bloom,
}: ArtifactSide): ArtifactSettings {
  return {
    precision,
    scale,
    clusters: nprobe === "all" && nlist === "auto" ? null : nlist,
    eligibility:
      eligibility !== "bloom"
        ? { kind: eligibility }
        : { kind: "bloom", hashes: bloom.hashes, width: widthOf(bloom), exact: bloom.exact },
  };
}

type ArtifactSide = Pick<
  IndexAsModelSettings,
  "precision" | "scale" | "nlist" | "nprobe" | "eligibility" | "bloom"
>;

/** A width that is stated wins over one for a rate. */
function widthOf({ bits, falsePositiveRate }: ArtifactSide["bloom"]): SignatureWidth {
  return bits === undefined ? { falsePositiveRate } : { bits };
}
