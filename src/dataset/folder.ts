import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HarnessError } from "../errors.ts";
import type { Catalogue, Column, Users } from "../retrieval/catalogue.ts";
import { checkContents } from "./contents.ts";
import type { Dataset, DatasetParts, Labels, OnProgress } from "./dataset.ts";
import { DraftFiles, SealedFiles } from "./file-source.ts";
import { assertLittleEndian, fromIds, writeFlat } from "./flat-file.ts";
import {
  columnFile,
  DENSE,
  EMBEDDINGS,
  ITEM_IDS,
  LABELS,
  MANIFEST,
  readContents,
  readLabelsFrom,
  readOtherParts,
  readUsers,
  USER_FEATURES,
  USER_IDS,
} from "./layout.ts";
import {
  DATASET_SCHEMA,
  parseDraft,
  parseManifest,
  type DraftManifest,
  type FileEntry,
  type FileType,
  type Manifest,
} from "./manifest.ts";

/**
 * The on-disk format `silverbench.dataset/1`: a folder of flat little-endian arrays, row-major,
 * without headers (numpy's `array.tofile(path)`), and a manifest.json that describes them:
 *
 * | file | contents |
 * | --- | --- |
 * | item-ids.u64 | uint64 [items], each id once, below 2^53 |
 * | embeddings.f32 | float32 [items, dim], finite |
 * | dense.f32 | float32 [items, denseDim]; only if denseDim > 0 |
 * | user-ids.u64, user-features.f32 | uint64 [users], float32 [users, userDim] |
 * | column-NAME.values.f32 | numeric attribute: float32 [items], NaN for none |
 * | column-NAME.offsets.u32, .values.u32, .vocabulary.json | categorical attribute: item i has the codes values[offsets[i] .. offsets[i+1]), rising; the vocabulary is a JSON list, a text a code |
 * | labels.json | optional: {"items": [a text a row], "users": [...]} |
 *
 * The manifest one writes for one's own data, before `silverbench dataset build FOLDER` seals it:
 *
 *     { "schema": "silverbench.dataset/1", "name": "mine", "items": 1000, "dim": 64,
 *       "users": 10, "userDim": 64, "denseDim": 0,
 *       "columns": [{"name": "lang", "kind": "categorical"}, {"name": "price", "kind": "numeric"}] }
 *
 * Where the manifest says `generated`, there are no files of items: they are computed from their rows
 * (src/retrieval/generated/), and only the users have files.
 *
 * A numeric column called `popularity` (0 or more) weighs the items when requests draw filter
 * values and exclusions; without it all items weigh the same.
 */

/** Items whose embeddings may be known from elsewhere. */
type WrittenCatalogue = OtherParts & Partial<Pick<Catalogue, "embeddings">>;
type OtherParts = Omit<Catalogue, "embeddings">;

interface WrittenParts extends Omit<DatasetParts, "catalogue"> {
  readonly catalogue: WrittenCatalogue;
}

/** What `writeDataset` will put on disk, without the manifest and JSON. */
export function datasetBytes({
  catalogue,
  users,
}: Pick<WrittenParts, "catalogue" | "users">): number {
  const columns = catalogue.columns.map((column) =>
    column.kind === "numeric"
      ? column.values.byteLength
      : column.values.byteLength + column.offsets.byteLength,
  );
  return (
    (catalogue.embeddings?.byteLength ?? 0) +
    catalogue.dense.byteLength +
    users.features.byteLength +
    8 * (catalogue.count + users.count) +
    columns.reduce((sum, bytes) => sum + bytes, 0)
  );
}

/**
 * Writes a sealed dataset into an existing, empty folder; the manifest last, so that a folder
 * without one is known to be half-written.
 *
 * @throws HarnessError DATA if the contents are not fit to be read back.
 */
export async function writeDataset(
  folder: string,
  parts: DatasetParts,
  onProgress: OnProgress,
): Promise<Manifest> {
  assertLittleEndian();
  checkContents(parts, folder);
  return await writeParts(folder, parts, onProgress);
}

/**
 * The same without the items' embeddings, for who has them elsewhere: `readWithoutEmbeddings` reads it.
 * @param parts of which all was checked where it came from.
 */
export async function writeWithoutEmbeddings(
  folder: string,
  parts: Omit<DatasetParts, "catalogue"> & { readonly catalogue: OtherParts },
): Promise<Manifest> {
  assertLittleEndian();
  return await writeParts(folder, parts, () => {});
}

async function writeParts(
  folder: string,
  parts: WrittenParts,
  onProgress: OnProgress,
): Promise<Manifest> {
  await mkdir(folder, { recursive: true });
  const { catalogue, users } = parts;
  const files: Record<string, FileEntry> = {};
  const total = datasetBytes(parts);
  let written = 0;
  const add = async (
    name: string,
    dtype: FileType,
    shape: readonly number[],
    data: ArrayBufferView,
  ): Promise<void> => {
    const { bytes, sha256 } = await writeFlat(join(folder, name), data);
    files[name] = { dtype, shape, bytes, sha256 };
    written += bytes;
    onProgress("writing the dataset", Math.min(1, written / total));
  };

  await add(ITEM_IDS, "uint64", [catalogue.count], fromIds(catalogue.ids));
  const { count, dim, embeddings } = catalogue;
  if (embeddings !== undefined) await add(EMBEDDINGS, "float32", [count, dim], embeddings);
  if (catalogue.denseDim > 0) {
    await add(DENSE, "float32", [catalogue.count, catalogue.denseDim], catalogue.dense);
  }
  await add(USER_IDS, "uint64", [users.count], fromIds(users.ids));
  await add(USER_FEATURES, "float32", [users.count, users.dim], users.features);
  for (const column of catalogue.columns) await writeColumn(column, add);
  if (parts.labels !== undefined) await add(LABELS, "json", [], toJson(parts.labels));

  const manifest: Manifest = {
    schema: DATASET_SCHEMA,
    name: parts.name,
    items: catalogue.count,
    dim: catalogue.dim,
    users: users.count,
    userDim: users.dim,
    denseDim: catalogue.denseDim,
    columns: catalogue.columns.map(({ name, kind }) => ({ name, kind })),
    provenance: parts.provenance,
    files,
  };
  await writeManifest(folder, manifest);
  return manifest;
}

/** Writes the users and the manifest of a dataset whose items are in no file. */
export async function writeSealed(
  folder: string,
  draft: DraftManifest,
  users: Users,
): Promise<void> {
  assertLittleEndian();
  const files: Record<string, FileEntry> = {};
  const write = async (
    name: string,
    entry: Pick<FileEntry, "dtype" | "shape">,
    data: ArrayBufferView,
  ): Promise<void> => {
    files[name] = { ...entry, ...(await writeFlat(join(folder, name), data)) };
  };
  await write(USER_IDS, { dtype: "uint64", shape: [users.count] }, fromIds(users.ids));
  const shape = [users.count, users.dim];
  await write(USER_FEATURES, { dtype: "float32", shape }, users.features);
  await writeManifest(folder, { ...draft, files });
}

async function writeColumn(
  column: Column,
  write: (
    name: string,
    dtype: FileType,
    shape: readonly number[],
    data: ArrayBufferView,
  ) => Promise<void>,
): Promise<void> {
  const valuesFile = columnFile(column, "values");
  if (column.kind === "numeric") {
    await write(valuesFile, "float32", [column.values.length], column.values);
    return;
  }
  await write(columnFile(column, "offsets"), "uint32", [column.offsets.length], column.offsets);
  await write(valuesFile, "uint32", [column.values.length], column.values);
  await write(
    columnFile(column, "vocabulary"),
    "json",
    [column.vocabulary.length],
    toJson(column.vocabulary),
  );
}

const toJson = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST);
  await writeFile(`${path}.new`, `${JSON.stringify(manifest, null, 1)}\n`, { flush: true });
  await rename(`${path}.new`, path);
}

export interface ReadOptions {
  /** Hash every file and check its contents; lengths are always checked. */
  readonly verify: boolean;
  /** Whether items may be generated instead of stored; absent: who reads wants their vectors. */
  readonly generated?: "accept" | "refuse";
  /** Of a large dataset reading takes a while. */
  readonly onProgress?: OnProgress;
}

/** @throws HarnessError DATA if no file holds the items. */
export function requireStored({ generated }: DraftManifest, folder: string): void {
  if (generated === undefined) return;
  throw new HarnessError(
    "DATA",
    "the items of this data set are generated from their rows; there is no file to read them from",
    {
      where: folder,
      hint: "only the index-as-model with engine: fused makes them, on its device; use dataset: { kind: synthetic, .. }",
    },
  );
}

/** The users of a sealed dataset. */
export async function readUsersOf(folder: string): Promise<Users> {
  const { manifest } = await readManifest(folder);
  return await readUsers(manifest, sealedFiles(resolve(folder), manifest, false));
}

/**
 * Reads a sealed dataset; every array stands on shared memory.
 *
 * @throws HarnessError DATA naming the file, what was expected, what came and what to do.
 */
export async function readDataset(
  folder: string,
  { verify, generated = "refuse", onProgress = () => {} }: ReadOptions,
): Promise<Dataset> {
  assertLittleEndian();
  const absolute = resolve(folder);
  const { manifest, hash } = await readManifest(absolute);
  if (generated === "refuse") requireStored(manifest, absolute);
  const all = Object.values(manifest.files).reduce((sum, { bytes }) => sum + bytes, 0);
  let read = 0;
  const onRead = (bytes: number): void => {
    read += bytes;
    onProgress("reading the dataset", Math.min(1, read / all));
  };
  const contents = await readContents(manifest, sealedFiles(absolute, manifest, verify, onRead));
  if (verify) checkContents(contents, absolute);
  return { name: manifest.name, hash, folder: absolute, ...contents };
}

/**
 * Reads a sealed dataset but for its items' embeddings.
 *
 * @throws HarnessError DATA as `readDataset` does.
 */
export async function readWithoutEmbeddings(
  folder: string,
): Promise<Omit<Dataset, "catalogue"> & { readonly catalogue: OtherParts }> {
  assertLittleEndian();
  const absolute = resolve(folder);
  const { manifest, hash } = await readManifest(absolute);
  requireStored(manifest, absolute);
  const files = sealedFiles(absolute, manifest, false);
  const catalogue = await readOtherParts(manifest, files);
  const users = await readUsers(manifest, files);
  return { name: manifest.name, hash, folder: absolute, catalogue, users };
}

const sealedFiles = (
  folder: string,
  { files }: Manifest,
  verify: boolean,
  onRead: (bytes: number) => void = () => {},
): SealedFiles =>
  new SealedFiles(folder, files, {
    verify,
    onRead,
    hint: `if these are your own files, \`silverbench dataset build ${folder}\`; if silverbench made them, remove the folder and it is made again`,
  });

/** The manifest of a sealed folder and the dataset's hash, without reading the arrays. */
export async function readManifest(
  folder: string,
): Promise<{ readonly manifest: Manifest; readonly hash: string }> {
  const path = join(folder, MANIFEST);
  const text = await manifestText(path);
  const hash = createHash("sha256").update(text).digest("hex");
  return { manifest: parseManifest(text, path), hash };
}

/** The rows' labels; undefined if the dataset has none. */
export async function readLabels(folder: string): Promise<Labels | undefined> {
  const { manifest } = await readManifest(folder);
  return await readLabelsFrom(sealedFiles(folder, manifest, true));
}

/**
 * Makes a dataset of a folder that a person filled: checks every shape and value against the
 * manifest they wrote, then adds the files' hashes to it. Sealing twice is harmless.
 *
 * @throws HarnessError DATA naming the first file that is not as the manifest says.
 */
export async function sealDataset(folder: string, onProgress: OnProgress): Promise<Manifest> {
  assertLittleEndian();
  const path = join(folder, MANIFEST);
  const draft: DraftManifest = parseDraft(await manifestText(path), path);
  const source = new DraftFiles(folder, (name) => onProgress(`checking ${name}`, Number.NaN));
  const contents = await readContents(draft, source);
  const labels = await readLabelsFrom(source);
  checkContents({ ...contents, ...(labels === undefined ? {} : { labels }) }, folder);
  const manifest: Manifest = { ...draft, files: source.entries };
  await writeManifest(folder, manifest);
  return manifest;
}

async function manifestText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new HarnessError("DATA", "there is no dataset here: expected a manifest.json", {
      where: path,
      hint: "give the folder of a dataset, or `silverbench dataset list`",
      cause,
    });
  }
}
