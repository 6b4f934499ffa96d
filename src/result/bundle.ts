import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HarnessError } from "../errors.ts";
import type { Histogram } from "../math/histogram.ts";
import { removeTorn, writeError, writeFileAtomically } from "./atomic-file.ts";
import { Journal, readJournal } from "./journal.ts";
import { readSamples, writeSamples } from "./samples.ts";
import { schemaIssues } from "./schema-issues.ts";
import { pointSchema } from "./point-schema.ts";
import { resultSchema } from "./schema.ts";
import type { Point, Result } from "./schema.ts";

/** Everything that belongs to a bundle; nothing else in its folder is ever touched. */
export const BUNDLE_FILES = {
  result: "result.json",
  journal: "journal.jsonl",
  samples: "samples",
  report: "report.html",
  summary: "summary.md",
  junit: "junit.xml",
  benchmarkAction: "benchmark-action.json",
  benchmarkActionSmaller: "benchmark-action-smaller.json",
  bencher: "bencher.json",
  prometheus: "metrics.prom",
} as const;

/** A bundle as it was read: the result, and the latencies (microseconds) of each point by key. */
export interface StoredBundle {
  readonly folder: string;
  readonly result: Result;
  readonly samples: ReadonlyMap<string, Histogram>;
}

/**
 * The folder a run writes its result to. Each finished point is on the disk before `addPoint`
 * resolves; `writeResult` replaces result.json whole. Dispose it when the run ends.
 */
export class Bundle implements AsyncDisposable {
  readonly folder: string;
  readonly #journal: Journal;

  private constructor(folder: string, journal: Journal) {
    this.folder = folder;
    this.#journal = journal;
  }

  /**
   * Makes the folder, or empties it of an earlier bundle.
   * @throws HarnessError BAD_INPUT if it holds other files and no bundle; DATA if it cannot be written.
   */
  static async create(folder: string): Promise<Bundle> {
    const absolute = resolve(folder);
    await clear(absolute);
    return new Bundle(absolute, await Journal.create(join(absolute, BUNDLE_FILES.journal)));
  }

  /**
   * Goes on with the bundle of a run that was cut short, whose points stay as they are.
   * @throws HarnessError DATA if its journal cannot be written.
   */
  static async resume(folder: string): Promise<Bundle> {
    const absolute = resolve(folder);
    await removeTorn(absolute);
    await removeTorn(join(absolute, BUNDLE_FILES.samples));
    return new Bundle(absolute, await Journal.resume(join(absolute, BUNDLE_FILES.journal)));
  }

  /**
   * Keeps a finished point: its samples, then its line in the journal.
   * @param latency microseconds from the time each request was due; null where nothing was answered.
   * @param sendLatency the same from the time it was sent; null where a request is due when it is sent.
   * @returns the point with `samples` filled in, as the result should hold it.
   */
  async addPoint(
    point: Omit<Point, "samples">,
    latency: Histogram | null,
    sendLatency: Histogram | null = null,
  ): Promise<Point> {
    const samples =
      latency === null ? "" : await writeSamples(this.folder, point.key, { latency, sendLatency });
    const parsed = pointSchema.safeParse({ ...point, samples });
    if (!parsed.success) {
      throw new HarnessError("INTERNAL", `point ${point.key}: ${schemaIssues(parsed.error)}`);
    }
    await this.#journal.append(parsed.data);
    return parsed.data;
  }

  /** Writes result.json, atomically. May be called after every round. */
  async writeResult(result: Result): Promise<void> {
    const parsed = resultSchema.safeParse(result);
    if (!parsed.success) {
      throw new HarnessError("INTERNAL", `the result: ${schemaIssues(parsed.error)}`);
    }
    const path = join(this.folder, BUNDLE_FILES.result);
    await writeFileAtomically(path, `${JSON.stringify(parsed.data, null, 2)}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal[Symbol.asyncDispose]();
  }
}

/**
 * Reads a bundle back and checks it. Where the run did not complete, points that only the journal
 * has are added to the result.
 * @throws HarnessError DATA naming the file and what is wrong with it.
 */
export async function readBundle(folder: string): Promise<StoredBundle> {
  const absolute = resolve(folder);
  const stored = await readResult(join(absolute, BUNDLE_FILES.result));
  const result = stored.complete ? stored : await withJournal(stored, absolute);
  const samples = new Map<string, Histogram>();
  for (const { key, samples: path } of result.points) {
    if (path !== "") samples.set(key, await readSamples(absolute, path, key));
  }
  return { folder: absolute, result, samples };
}

/**
 * Reads and checks a result.json.
 * @throws HarnessError DATA.
 */
export async function readResult(path: string): Promise<Result> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HarnessError("DATA", `${path} cannot be read: this is not a result bundle`, {
      cause,
      hint: `name the folder that \`silverbench run\` wrote; one with only a ${BUNDLE_FILES.journal} is of a run that was killed`,
    });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HarnessError("DATA", "expected JSON", { where: path, cause });
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== resultSchema.shape.schema.value) {
    const expected = resultSchema.shape.schema.value;
    throw new HarnessError("DATA", `expected schema ${expected}, found ${JSON.stringify(schema)}`, {
      where: path,
      hint: "read it with the version of silverbench that wrote it",
    });
  }
  const parsed = resultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HarnessError("DATA", schemaIssues(parsed.error), { where: path });
}

async function withJournal(result: Result, folder: string): Promise<Result> {
  const known = new Set(result.points.map(({ key }) => key));
  const journal = await readJournal(join(folder, BUNDLE_FILES.journal));
  return { ...result, points: [...result.points, ...journal.filter(({ key }) => !known.has(key))] };
}

async function clear(folder: string): Promise<void> {
  const own = new Set<string>(Object.values(BUNDLE_FILES));
  try {
    await mkdir(folder, { recursive: true });
    const names = await readdir(folder);
    const isBundle = names.includes(BUNDLE_FILES.journal) || names.includes(BUNDLE_FILES.result);
    if (names.length > 0 && !isBundle) {
      throw new HarnessError("BAD_INPUT", `${folder} holds files that are not a result bundle`, {
        hint: "choose an empty or a new folder with --out",
      });
    }
    for (const name of names.filter((entry) => own.has(entry))) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
    if (isBundle) await removeTorn(folder);
  } catch (cause) {
    throw cause instanceof HarnessError ? cause : writeError(folder, cause);
  }
}
