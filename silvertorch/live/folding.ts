import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readManifest } from "../../src/dataset/folder.ts";
import { explain, HarnessError } from "../../src/errors.ts";
import { builtFile } from "../../src/process/built-file.ts";
import { ServiceProcess } from "../../src/process/service-process.ts";
import type { ArtifactManifest } from "../compile/manifest.ts";
import { writeChanges } from "./changes-file.ts";
import type { FoldConfig } from "./fold-service.ts";
import type { Changes, LiveItems } from "./live-items.ts";

export interface FoldingOptions {
  /** What the first artifact was compiled from. */
  readonly datasetFolder: string;
  /** Holds what is folded, until the end. */
  readonly workFolder: string;
  readonly threads: number;
  /** Changes after which it is worth to compile anew; auto: 5% of the items, at least 2,000. */
  readonly foldAfter: number | "auto";
  /**
   * Serves from an artifact that holds the changes up to a version, unless the signal says that it
   * is to replace one that serves no more.
   */
  readonly swapTo: (artifactFolder: string, version: number, signal: AbortSignal) => Promise<void>;
}

const AUTO_SHARE = 0.05;
const AUTO_LEAST = 2000;

/**
 * Keeps the fresh items few: once there are many changes they are compiled into a new artifact, by
 * a process of the lowest priority, and the model swaps to it. One fold at a time; changes that
 * come meanwhile are left to the next.
 */
export class Folding implements AsyncDisposable {
  readonly #options: FoldingOptions;
  readonly #stopped = new AbortController();
  #datasetFolder: string;
  #datasetHash: string;
  #running: Promise<void> | null = null;
  #folds = 0;
  #failed = 0;
  #abandoned = 0;
  /** Of the fold that is under way. */
  #outdated = new AbortController();
  /** Not before there are so many changes, after one that failed. */
  #notBefore = 0;

  private constructor(options: FoldingOptions, datasetHash: string) {
    this.#options = options;
    this.#datasetFolder = options.datasetFolder;
    this.#datasetHash = datasetHash;
  }

  /** @throws HarnessError DATA if the dataset is not there. */
  static async open(options: FoldingOptions): Promise<Folding> {
    const { hash } = await readManifest(options.datasetFolder);
    return new Folding(options, hash);
  }

  /** Folds so far, those that failed, and those whose artifact was replaced meanwhile. */
  get counters(): {
    readonly folds: number;
    readonly failed: number;
    readonly abandoned: number;
  } {
    return { folds: this.#folds, failed: this.#failed, abandoned: this.#abandoned };
  }

  /** To be called after every change: starts a fold if it is time for one. */
  consider(live: LiveItems, manifest: ArtifactManifest): void {
    const { foldAfter } = this.#options;
    const due =
      foldAfter === "auto" ? Math.max(AUTO_LEAST, AUTO_SHARE * manifest.items) : foldAfter;
    const changes = live.count + live.hidden;
    if (changes < Math.max(due, this.#notBefore) || this.#running !== null) return;
    // An artifact that was swapped in from elsewhere has a dataset that is not known here.
    if (manifest.dataset.hash !== this.#datasetHash || this.#stopped.signal.aborted) return;
    this.#outdated = new AbortController();
    this.#running = this.#attempt(live.changes(), manifest, changes + due);
  }

  /**
   * To be called once an artifact from elsewhere serves: a fold that is under way is of the one
   * before it, and must not take its place.
   */
  abandon(): void {
    this.#outdated.abort(new HarnessError("INTERRUPTED", "another artifact was swapped in"));
  }

  /** Ends a fold that is under way, and removes what was folded. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new HarnessError("INTERRUPTED", "the model is being stopped"));
    await this.#running;
    await rm(this.#options.workFolder, { recursive: true, force: true });
  }

  /** Never rejects. @param later changes there must be before the next, if this one fails. */
  async #attempt(changes: Changes, manifest: ArtifactManifest, later: number): Promise<void> {
    try {
      await this.#fold(changes, manifest);
      this.#notBefore = 0;
    } catch (thrown) {
      this.#notBefore = later;
      this.#fail(thrown);
    } finally {
      this.#running = null;
    }
  }

  async #fold(changes: Changes, { model, settings }: ArtifactManifest): Promise<void> {
    const { workFolder, threads, swapTo } = this.#options;
    const signal = AbortSignal.any([this.#stopped.signal, this.#outdated.signal]);
    const nth = this.#folds + this.#failed + this.#abandoned + 1;
    const folder = join(workFolder, String(nth));
    const foldedFolder = join(folder, "dataset");
    const artifactFolder = join(folder, "artifact");
    const datasetFolder = this.#datasetFolder;
    await mkdir(folder, { recursive: true });
    const changesFile = join(folder, "changes");
    await writeChanges(changesFile, changes);
    const parts = { datasetFolder, changesFile, model, settings, threads };
    const compiler = await ServiceProcess.start<FoldConfig, object>({
      file: builtFile(import.meta.url, "./fold-service.js"),
      role: "fold",
      config: { ...parts, foldedFolder, artifactFolder },
      cpus: null,
      signal,
      startTimeoutMs: SILENT_MS,
    });
    await compiler[Symbol.asyncDispose]();
    await rm(changesFile);
    await swapTo(artifactFolder, changes.version, signal);
    const { hash } = await readManifest(foldedFolder);
    this.#datasetFolder = foldedFolder;
    this.#datasetHash = hash;
    this.#folds++;
    // The last one is in nobody's hands any more, but for the very first, which is not ours.
    if (nth > 1) await rm(join(workFolder, String(nth - 1)), { recursive: true, force: true });
  }

  /** The changes stay fresh items, so nothing is lost but speed. */
  #fail(thrown: unknown): void {
    if (this.#stopped.signal.aborted) return;
    if (this.#outdated.signal.aborted) {
      this.#abandoned++;
      return;
    }
    this.#failed++;
    process.stderr.write(`folding fresh items: ${explain(HarnessError.from(thrown))}\n`);
  }
}

/** A fold tells its progress, but may have to wait long for a CPU. */
const SILENT_MS = 30 * 60_000;
