import { DatasetReader } from "../dataset-reader.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { FeatureStore } from "./feature-store.ts";
import { ItemStore } from "./item-store.ts";

/** The feature service of a mesh, from what was built for it. */
export async function openFeature({ datasetFolder, folders }: MeshConfig): Promise<{
  readonly store: FeatureStore;
  readonly dim: number;
}> {
  const { manifest, itemDim } = await DatasetReader.open(datasetFolder);
  const dim = manifest.userDim;
  const kinds = manifest.columns.map(({ kind }) => kind);
  const items = folders.items === null ? null : new ItemStore(folders.items, { itemDim, kinds });
  return { store: new FeatureStore(folders.features, dim, items), dim };
}
