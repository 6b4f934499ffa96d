import { existsSync } from "node:fs";
import { HarnessError } from "../errors.ts";
import { Random, shuffle } from "../math/random.ts";
import type { Catalogue } from "../retrieval/catalogue.ts";
import type { GloveSpec } from "../scenario/schema.ts";
import type { DatasetParts } from "./dataset.ts";
import { readDataset, readLabels } from "./folder.ts";
import { GLOVE_PROVENANCE, gloveSource } from "./glove-source.ts";
import { wordColumns } from "./word-columns.ts";

/** Raise it whenever the same spec would give other data: it is part of the cache's key. */
export const GLOVE_VERSION = 1;

/**
 * Words as items, and words held out as users: of the `items + users` most frequent words (all,
 * if `items` is not given), a seeded sample, uniform over the ranks, becomes the users, whose
 * features are their vectors; the rest, in order of frequency, are the items. An id is a word's
 * rank from 1.
 *
 * @throws HarnessError DATA if the words were not fetched; BAD_INPUT if there are too few.
 */
export async function buildGlove(
  spec: GloveSpec,
  seed: number,
  cacheFolder: string,
): Promise<DatasetParts> {
  const folder = gloveSource(cacheFolder);
  if (!existsSync(folder)) {
    throw new HarnessError("DATA", "the dataset glove-100 has not been fetched", {
      where: folder,
      hint: "silverbench dataset get glove-100",
    });
  }
  const { catalogue: words } = await readDataset(folder, { verify: true });
  const texts = (await readLabels(folder))!.items;
  const { itemRows, userRows } = holdOut(spec, seed, words.count);
  return {
    name: "glove-100",
    catalogue: {
      count: itemRows.length,
      dim: words.dim,
      embeddings: gather(words, itemRows),
      ids: gatherIds(words, itemRows),
      columns: wordColumns(Array.from(itemRows, (row) => ({ word: texts[row]!, rank: row + 1 }))),
      dense: new Float32Array(0),
      denseDim: 0,
    },
    users: {
      count: userRows.length,
      dim: words.dim,
      ids: gatherIds(words, userRows),
      features: gather(words, userRows),
    },
    labels: {
      items: Array.from(itemRows, (row) => texts[row]!),
      users: Array.from(userRows, (row) => texts[row]!),
    },
    provenance: { ...GLOVE_PROVENANCE, version: GLOVE_VERSION, seed },
  };
}

function holdOut(
  spec: GloveSpec,
  seed: number,
  words: number,
): { readonly itemRows: Uint32Array; readonly userRows: Uint32Array } {
  const pool = (spec.items ?? words - spec.users) + spec.users;
  if (pool > words || spec.users >= words) {
    throw new HarnessError(
      "BAD_INPUT",
      `expected items + users of at most ${words} words, got ${spec.items ?? "all"} + ${spec.users}`,
      { where: "dataset" },
    );
  }
  const rows = shuffle(
    Uint32Array.from({ length: pool }, (_, row) => row),
    new Random(seed).fork("held out"),
  );
  return { userRows: rows.slice(0, spec.users), itemRows: rows.slice(spec.users).toSorted() };
}

function gather({ embeddings, dim }: Catalogue, rows: Uint32Array): Float32Array {
  const vectors = new Float32Array(rows.length * dim);
  for (const [at, row] of rows.entries()) {
    vectors.set(embeddings.subarray(row * dim, (row + 1) * dim), at * dim);
  }
  return vectors;
}

const gatherIds = ({ ids }: Catalogue, rows: Uint32Array): Float64Array =>
  Float64Array.from(rows, (row) => ids[row]!);
