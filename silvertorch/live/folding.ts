import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readManifest } from "../../src/dataset/folder.ts";
import { explain, HarnessError } from "../../src/errors.ts";
import type { Artifact } from "../compile/artifact.ts";
import { ChangePace } from "./change-pace.ts";
import { writeChanges } from "./changes-file.ts";
import { changesWorthFolding } from "./fold-moment.ts";
import { FoldProcess } from "./fold-process.ts";
import type { Changes, LiveItems } from "./live-items.ts";

export interface FoldingOptions {
  /** What the first artifact was compiled from. */
  readonly datasetFolder: string;
  /** Holds what is folded, until the end. */
  readonly workFolder: string;
  readonly threads: number;
  /** Changes after which it is worth to compile anew; auto: as fold-moment.ts has it. */
  readonly foldAfter: number | "auto";
  /**
   * Serves from an artifact that holds the changes up to a version, unless the signal says that it
   * is to replace one that serves no more.
   */
  readonly swapTo: (artifactFolder: string, version: number, signal: AbortSignal) => Promise<void>;
}

/** The artifact that serves. */
type Serving = Pick<Artifact, "folder" | "manifest">;

/** Of a fold, an item, before the first has been measured: 2.4 s of 200,000 items. */
const SECONDS_AN_ITEM = 1.2e-5;

/**
 * Keeps the fresh items few: once there are many changes they are compiled into a new artifact, by
 * a process of lower priority, and the model swaps to it. One fold at a time; changes that
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
  /** CPU seconds of the last fold, an item; before it, what one is expected to take. */
  #secondsAnItem = SECONDS_AN_ITEM;
  readonly #process = new FoldProcess();
  readonly #pace = new ChangePace();

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

  /** Folds so far, those that failed, those whose artifact was replaced, and whether one is under way. */
  get counters(): {
    readonly folds: number;
    readonly failed: number;
    readonly abandoned: number;
    readonly underWay: boolean;
  } {
    return {
      folds: this.#folds,
      failed: this.#failed,
      abandoned: this.#abandoned,
      underWay: this.#running !== null,
    };
  }

  /**
   * To be called after every change: starts a fold if it is time for one.
   * @param changeCost of the engine that serves.
   */
  consider(live: LiveItems, serving: Serving, changeCost: number): void {
    const { manifest } = serving;
    const changes = live.count + live.hidden;
    const changesPerSecond = this.#pace.of(live, changes);
    const { foldAfter, threads } = this.#options;
    const foldSeconds = (this.#secondsAnItem * manifest.items) / threads;
    const due =
      foldAfter === "auto"
        ? changesWorthFolding({ items: manifest.items, changesPerSecond, foldSeconds, changeCost })
        : foldAfter;
    if (changes < Math.max(due, this.#notBefore) || this.#running !== null) return;
    // An artifact that was swapped in from elsewhere has a dataset that is not known here.
    if (manifest.dataset.hash !== this.#datasetHash || this.#stopped.signal.aborted) return;
    this.#outdated = new AbortController();
    this.#running = this.#attempt(live.changes(), serving, changes + due);
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
    await this.#process[Symbol.asyncDispose]();
    await rm(this.#options.workFolder, { recursive: true, force: true });
  }

  /** Never rejects. @param later changes there must be before the next, if this one fails. */
  async #attempt(changes: Changes, serving: Serving, later: number): Promise<void> {
    try {
      await this.#fold(changes, serving);
      this.#notBefore = 0;
    } catch (thrown) {
      this.#notBefore = later;
      this.#fail(thrown);
    } finally {
      this.#running = null;
    }
  }

  async #fold(changes: Changes, { folder: servingFolder, manifest }: Serving): Promise<void> {
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
    const parts = { servingFolder, datasetFolder, changesFile, threads };
    const { cpuSeconds } = await this.#process.fold(
      { ...parts, foldedFolder, artifactFolder },
      signal,
    );
    await rm(changesFile);
    this.#secondsAnItem = (SWAP_PART * cpuSeconds) / manifest.items;
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

/**
 * CPU time of a fold and the swap to what it made, to that of the fold's process: measured under load,
 * 1.25 to 1.5 of folds after the first.
 */
const SWAP_PART = 1.4;
