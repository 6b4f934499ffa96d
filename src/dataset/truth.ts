import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError } from "../errors.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import { computeTruth, type Truth } from "../retrieval/oracle.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { atomicFolder, cacheKey } from "./cache-folder.ts";
import type { Dataset, OnProgress } from "./dataset.ts";
import { SealedFiles } from "./file-source.ts";
import { assertLittleEndian, writeFlat } from "./flat-file.ts";
import type { FileEntry, FileType } from "./manifest.ts";

export interface LoadTruthOptions {
  readonly dataset: Dataset;
  readonly model: ModelSpec;
  readonly requests: readonly RetrievalRequest[];
  /** Hash over what the requests ask: `RequestSet.hash`. */
  readonly requestsHash: string;
  readonly cacheFolder: string;
  /** Threads that compute it, if it must be computed. */
  readonly threads: number;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** Raise it whenever the oracle would answer otherwise. */
const TRUTH_VERSION = 3;

/**
 * The exact answers, computed once for the same data, model and requests and then kept on disk:
 * the oracle looks at every item for every request.
 *
 * @throws HarnessError DATA if the kept files are damaged; what `computeTruth` throws.
 */
export async function loadTruth(options: LoadTruthOptions): Promise<Truth> {
  assertLittleEndian();
  const { dataset, model, requests, requestsHash } = options;
  const key = cacheKey({ version: TRUTH_VERSION, dataset: dataset.hash, model, requestsHash });
  const folder = join(options.cacheFolder, "truth", key);
  if (existsSync(folder)) return await readTruth(folder, requests.length);
  const truth = await computeTruth({
    catalogue: dataset.catalogue,
    users: dataset.users,
    model,
    requests,
    threads: options.threads,
    onProgress: options.onProgress,
    signal: options.signal,
  });
  await atomicFolder(folder, (temporary) => writeTruth(temporary, truth));
  return truth;
}

const TABLE = "truth.json";

async function writeTruth(folder: string, truth: Truth): Promise<void> {
  const files: Record<string, FileEntry> = {};
  for (const name of ["offsets", "rows", "values", "eligible", "passing", "borders"] as const) {
    const array = truth[name];
    const dtype: FileType = array instanceof Float64Array ? "float64" : "uint32";
    const written = await writeFlat(join(folder, name), array);
    files[name] = { dtype, shape: [array.length], ...written };
  }
  await writeFile(join(folder, TABLE), `${JSON.stringify(files, null, 1)}\n`);
}

async function readTruth(folder: string, requests: number): Promise<Truth> {
  const source = new SealedFiles(folder, await readTable(join(folder, TABLE)), {
    verify: true,
    hint: `remove ${folder} and it is computed again`,
  });
  return {
    offsets: new Uint32Array(await source.array("offsets", "uint32", [requests + 1])),
    rows: new Uint32Array(await source.array("rows", "uint32", [null])),
    values: new Float64Array(await source.array("values", "float64", [null])),
    eligible: new Uint32Array(await source.array("eligible", "uint32", [requests])),
    passing: new Uint32Array(await source.array("passing", "uint32", [requests])),
    borders: new Float64Array(await source.array("borders", "float64", [null])),
  };
}

async function readTable(path: string): Promise<Readonly<Record<string, FileEntry>>> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Record<string, FileEntry>;
  } catch (cause) {
    throw new HarnessError("DATA", "the kept truth is damaged", {
      where: path,
      hint: "remove its folder and it is computed again",
      cause,
    });
  }
}
