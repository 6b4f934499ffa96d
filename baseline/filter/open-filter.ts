import { DatasetReader } from "../dataset-reader.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { FilterStore } from "./filter-store.ts";
import { InvertedIndex } from "./inverted-index.ts";
import { readPostings } from "./postings-file.ts";

/** The filter service of a mesh, from what was built for it. */
export async function openFilter(config: MeshConfig): Promise<FilterStore> {
  const { datasetFolder, folders, settings } = config;
  const reader = await DatasetReader.open(datasetFolder);
  const { items } = reader.manifest;
  const columns = await reader.columns();
  const postings = await readPostings(folders.postings, columns, items);
  const index = new InvertedIndex(items, postings);
  return new FilterStore({ columns, index, cache: settings.filterCache });
}
