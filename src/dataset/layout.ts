import { HarnessError } from "../errors.ts";
import type { Catalogue, Column, Users } from "../retrieval/catalogue.ts";
import type { Labels } from "./dataset.ts";
import { toIds } from "./flat-file.ts";
import { generatedCatalogue } from "./generated-catalogue.ts";
import type { ColumnEntry, DraftManifest, FileType } from "./manifest.ts";

export const MANIFEST = "manifest.json";
export const ITEM_IDS = "item-ids.u64";
export const EMBEDDINGS = "embeddings.f32";
export const DENSE = "dense.f32";
export const USER_IDS = "user-ids.u64";
export const USER_FEATURES = "user-features.f32";
export const LABELS = "labels.json";

/** The name of a column's file. */
export function columnFile(
  column: { readonly name: string; readonly kind: Column["kind"] },
  part: "offsets" | "values" | "vocabulary",
): string {
  if (part === "vocabulary") return `column-${column.name}.vocabulary.json`;
  if (part === "offsets") return `column-${column.name}.offsets.u32`;
  return `column-${column.name}.values.${column.kind === "numeric" ? "f32" : "u32"}`;
}

/** Where the arrays of a dataset come from; a length that only the file knows is null. */
export interface FileSource {
  array(
    name: string,
    dtype: FileType,
    shape: readonly [number | null, ...number[]],
  ): Promise<SharedArrayBuffer>;
  json(name: string): Promise<unknown>;
  has(name: string): Promise<boolean>;
  /** Where the file lies, for errors. */
  path(name: string): string;
}

export interface FolderContents {
  readonly catalogue: Catalogue;
  readonly users: Users;
}

/** Assembles catalogue and users from the files that the manifest implies. */
export async function readContents(
  draft: DraftManifest,
  source: FileSource,
): Promise<FolderContents> {
  const { generated } = draft;
  return {
    catalogue:
      generated === undefined
        ? await readCatalogue(draft, source)
        : await generatedCatalogue(generated),
    users: await readUsers(draft, source),
  };
}

export async function readUsers(
  { users, userDim }: Pick<DraftManifest, "users" | "userDim">,
  source: FileSource,
): Promise<Users> {
  const features = await source.array(USER_FEATURES, "float32", [users, userDim]);
  return {
    count: users,
    dim: userDim,
    ids: toIds(await source.array(USER_IDS, "uint64", [users])),
    features: new Float32Array(features),
  };
}

async function readCatalogue(draft: DraftManifest, source: FileSource): Promise<Catalogue> {
  const others = await readOtherParts(draft, source);
  const embeddings = await source.array(EMBEDDINGS, "float32", [draft.items, draft.dim]);
  return { ...others, embeddings: new Float32Array(embeddings) };
}

/** All of the items but their embeddings. */
export async function readOtherParts(
  draft: DraftManifest,
  source: FileSource,
): Promise<Omit<Catalogue, "embeddings">> {
  const { items, dim, denseDim } = draft;
  const columns: Column[] = [];
  for (const entry of draft.columns) columns.push(await readColumn(entry, items, source));
  const dense =
    denseDim === 0
      ? new SharedArrayBuffer(0)
      : await source.array(DENSE, "float32", [items, denseDim]);
  return {
    count: items,
    dim,
    ids: toIds(await source.array(ITEM_IDS, "uint64", [items])),
    columns,
    dense: new Float32Array(dense),
    denseDim,
  };
}

async function readColumn(entry: ColumnEntry, items: number, source: FileSource): Promise<Column> {
  const { name } = entry;
  const valuesFile = columnFile(entry, "values");
  if (entry.kind === "numeric") {
    const values = await source.array(valuesFile, "float32", [items]);
    return { kind: "numeric", name, values: new Float32Array(values) };
  }
  const vocabularyFile = columnFile(entry, "vocabulary");
  const vocabulary = await source.json(vocabularyFile);
  if (!isTexts(vocabulary)) {
    throw new HarnessError("DATA", "expected a JSON list of texts", {
      where: source.path(vocabularyFile),
    });
  }
  return {
    kind: "categorical",
    name,
    vocabulary,
    offsets: new Uint32Array(
      await source.array(columnFile(entry, "offsets"), "uint32", [items + 1]),
    ),
    values: new Uint32Array(await source.array(valuesFile, "uint32", [null])),
  };
}

/** The labels, if the folder has them. */
export async function readLabelsFrom(source: FileSource): Promise<Labels | undefined> {
  if (!(await source.has(LABELS))) return undefined;
  const value = (await source.json(LABELS)) as Partial<Labels> | null;
  if (isTexts(value?.items) && isTexts(value.users))
    return { items: value.items, users: value.users };
  throw new HarnessError("DATA", 'expected {"items": [texts], "users": [texts]}', {
    where: source.path(LABELS),
  });
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string");
