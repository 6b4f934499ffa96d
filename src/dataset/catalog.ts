import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readManifest } from "./folder.ts";
import { GLOVE_WORDS, gloveSource } from "./glove-source.ts";
import type { Manifest } from "./manifest.ts";
import { datasetsFolder } from "./resolve.ts";

/** A line of `silverbench dataset list`. */
export type DatasetListing =
  | {
      /** What a scenario can ask for by kind. */
      readonly kind: "offered";
      readonly name: string;
      readonly what: string;
      /** `ready`; or `missing`, until `silverbench dataset get NAME`. */
      readonly state: "ready" | "missing";
    }
  | {
      /** What was built from them and lies in the cache. */
      readonly kind: "built";
      readonly name: string;
      readonly folder: string;
      readonly items: number;
      readonly dim: number;
      readonly users: number;
      readonly bytes: number;
    };

/** What can be had, and what is there. Folders in the cache that cannot be read are left out. */
export async function listDatasets(cacheFolder: string): Promise<readonly DatasetListing[]> {
  const offered: readonly DatasetListing[] = [
    {
      kind: "offered",
      name: "glove-100",
      what: `${GLOVE_WORDS.toLocaleString("en")} English words as 100-dimensional GloVe vectors (118 MB from npm, MIT)`,
      state: existsSync(gloveSource(cacheFolder)) ? "ready" : "missing",
    },
    {
      kind: "offered",
      name: "synthetic",
      what: "clustered unit vectors with attributes, of any size, from a seed",
      state: "ready",
    },
    {
      kind: "offered",
      name: "generated",
      what: "items computed from their rows, on the card that searches them; no file, any size",
      state: "ready",
    },
    {
      kind: "offered",
      name: "folder",
      what: "your own vectors and attributes as flat files; seal them with `silverbench dataset build FOLDER`",
      state: "ready",
    },
  ];
  const root = datasetsFolder(cacheFolder);
  const names = existsSync(root) ? (await readdir(root)).toSorted() : [];
  const built = await Promise.all(names.map((name) => describe(join(root, name))));
  return [...offered, ...built.filter((listing) => listing !== null)];
}

/** null for what is no whole dataset, such as one that is being built. */
async function describe(folder: string): Promise<DatasetListing | null> {
  try {
    const { manifest } = await readManifest(folder);
    const { name, items, dim, users } = manifest;
    return { kind: "built", name, folder, items, dim, users, bytes: bytesOf(manifest) };
  } catch {
    return null;
  }
}

/** What the dataset's files take on disk, without the manifest. */
export const bytesOf = ({ files }: Manifest): number =>
  Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
