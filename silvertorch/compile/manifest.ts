import { createHash } from "node:crypto";
import { HarnessError } from "../../src/errors.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import type { GeneratedItems } from "../../src/retrieval/generated/generated-items.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import type { FoldLayout } from "../eligibility/fold.ts";
import type { Digits } from "../eligibility/digits.ts";
import type { Signatures, SignatureWidth } from "../eligibility/signature.ts";
import type { ScaleOf } from "./quantisation.ts";

/** Changes whenever graphs, tensors or their meaning do: other versions are compiled anew. */
export const ARTIFACT_SCHEMA = "silverbench.artifact/27";

export const MANIFEST_FILE = "manifest.json";
export const WEIGHTS_FILE = "model.onnx.data";
/** The graph for a device; all of them stand over the one weights file. */
export const graphFile = (device: string): string => `model.${device}.onnx`;

/** What an artifact is compiled from, beside the dataset. */
export interface ArtifactSettings {
  /** Of the item embeddings that are scanned. */
  readonly precision: "float32" | "float16" | "int8";
  /** Of 8-bit embeddings. */
  readonly scale: ScaleOf;
  /** Clusters wished for, of which a head probes some; null: items are not clustered. */
  readonly clusters: number | "auto" | null;
  readonly eligibility: EligibilitySettings;
}

/** How the eligible items are found. */
export type EligibilitySettings =
  | { readonly kind: "exact" }
  /** Exactly, too; conjunctions are a part of the product that scores. */
  | { readonly kind: "folded" }
  | {
      readonly kind: "bloom";
      readonly hashes: number;
      readonly width: SignatureWidth;
      /** Whether what signatures let through is checked by the items' own attributes. */
      readonly exact: boolean;
    };

/** A column as the planner of filters needs it; vocabularies and distinct numbers are tensors. */
export interface ManifestColumn {
  readonly name: string;
  readonly kind: "categorical" | "numeric";
  /** Its first row in the bitmap table. */
  readonly firstRow: number;
  readonly slots: number;
  readonly digits: Digits;
  /** Cells of an item's row that are its. */
  readonly cells: number;
}

export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ArtifactManifest {
  readonly schema: typeof ARTIFACT_SCHEMA;
  readonly dataset: { readonly name: string; readonly hash: string };
  readonly model: ModelSpec;
  readonly settings: ArtifactSettings;
  readonly items: number;
  readonly dim: number;
  readonly users: number;
  readonly userDim: number;
  /** Dense features of an item, which an OverArch reads beside its embedding. */
  readonly denseDim: number;
  readonly columns: readonly ManifestColumn[];
  readonly bitmapRows: number;
  /** What stands for the categorical columns; null: they have bitmaps of their own. */
  readonly signatures: Signatures | null;
  /** How conjunctions are folded into the product; null: they are not. */
  readonly folded: FoldLayout | null;
  /** Whether the graph checks what signatures let through. */
  readonly checked: boolean;
  /** Whether an item's value is its score, so that lists are no longer than k. */
  readonly scoreOnly: boolean;
  /** Clusters there are, and positions of each; null: items are not clustered. */
  readonly clusters: number | null;
  readonly clusterWidth: number | null;
  /** How far items lie from their centroids: src/retrieval/cluster-order.ts; null: it is not known. */
  readonly clusterSpread: number | null;
  /** What the engine makes the items from, and the id of the first; absent: they are tensors. */
  readonly generated?: { readonly items: GeneratedItems; readonly firstId: number };
  readonly files: readonly ManifestFile[];
  /** Every tensor of the weights file, by name. */
  readonly tensors: readonly StoredTensor[];
}

/** The manifest as text, with a seal over the rest, so that no change to it goes unnoticed. */
export function sealManifest(manifest: ArtifactManifest): string {
  return `${JSON.stringify({ seal: sealOf(manifest), manifest }, null, 1)}\n`;
}

/** @throws HarnessError DATA if it is not whole, was changed, or is of another version. */
export function openManifest(text: string, path: string): ArtifactManifest {
  const { seal, manifest } = parse(text, path);
  if (manifest?.schema !== ARTIFACT_SCHEMA) {
    throw new HarnessError(
      "DATA",
      `the artifact is ${JSON.stringify(manifest?.schema)}, this silverbench reads ${JSON.stringify(ARTIFACT_SCHEMA)}`,
      { where: path, hint: REMOVE_HINT },
    );
  }
  if (seal !== sealOf(manifest)) {
    throw new HarnessError("DATA", "the artifact's manifest was changed after it was written", {
      where: path,
      hint: REMOVE_HINT,
    });
  }
  return manifest;
}

export const REMOVE_HINT = "remove its folder and the artifact is compiled again";

function parse(text: string, path: string): { seal?: string; manifest?: ArtifactManifest } {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch (cause) {
    throw new HarnessError("DATA", "the artifact's manifest is not whole", {
      where: path,
      hint: REMOVE_HINT,
      cause,
    });
  }
  throw new HarnessError("DATA", "the artifact's manifest is no object", {
    where: path,
    hint: REMOVE_HINT,
  });
}

const sealOf = (manifest: ArtifactManifest): string =>
  createHash("sha256").update(JSON.stringify(manifest)).digest("hex");
