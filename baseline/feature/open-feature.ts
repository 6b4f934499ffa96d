import { DatasetReader } from "../dataset-reader.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { FeatureStore } from "./feature-store.ts";

/** The feature service of a mesh, from what was built for it. */
export async function openFeature({ datasetFolder, folders }: MeshConfig): Promise<{
  readonly store: FeatureStore;
  readonly dim: number;
}> {
  const { manifest } = await DatasetReader.open(datasetFolder);
  const dim = manifest.userDim;
  return { store: new FeatureStore(folders.features, dim), dim };
}
