import type { LiveCatalogue } from "../src/door/live-catalogue.ts";
import type { LiveItem } from "../src/retrieval/live-item.ts";
import { ownProcessStats } from "../src/door/own-process.ts";
import type { CallContext, DoorLimits, Retriever } from "../src/door/retriever.ts";
import { StageTimes } from "../src/door/stage-times.ts";
import type { SystemStats } from "../src/door/stats.ts";
import { Histogram } from "../src/math/histogram.ts";
import { SessionThreads } from "../src/onnx/session-threads.ts";
import type { Answer, RetrievalRequest } from "../src/retrieval/request.ts";
import { Generation, type GenerationOptions } from "./generation.ts";
import { checkedItem } from "../src/door/check-item.ts";
import { NO_PROBING, probingStats, sumOfProbing } from "./engine/probing-counters.ts";
import { Folding, type FoldingOptions } from "./live/folding.ts";
import { type ItemChange, type OwnerChange, OwnerChanges } from "./live/owner-changes.ts";

export interface ModelRetrieverOptions extends Omit<GenerationOptions, "stages"> {
  readonly folding: Omit<FoldingOptions, "swapTo">;
  /** File of what it is told of the items; what is there is taken over. */
  readonly journal: string;
}

/**
 * What stands behind the model's front door: the artifact it serves from, which can be replaced,
 * and the items that changed since it was compiled.
 */
export class ModelRetriever implements Retriever, LiveCatalogue, AsyncDisposable {
  /** Called once another artifact serves. */
  onSwap: () => void = () => {};
  readonly #options: ModelRetrieverOptions & { readonly stages: StageTimes };
  /** Of the generations that are gone. */
  readonly #sizes = Histogram.create();
  readonly #waits = Histogram.create();
  #probing = NO_PROBING;
  /** Generations that finish what they have begun. */
  readonly #retiring = new Map<Generation, Promise<void>>();
  readonly #changes: OwnerChanges;
  readonly #threads: SessionThreads;
  #current: Generation;
  #folding: Folding | null = null;
  #swapping: Promise<void> = Promise.resolve();
  #requests = 0;
  #swaps = 0;

  private constructor(
    current: Generation,
    changes: OwnerChanges,
    options: ModelRetrieverOptions & { readonly stages: StageTimes },
    threads: SessionThreads,
  ) {
    this.#threads = threads;
    this.#current = current;
    this.#changes = changes;
    this.#options = options;
  }

  /**
   * @param folder The artifact, unless the journal says that another one was swapped to.
   * @throws HarnessError as Generation.open does.
   */
  static async open(folder: string, options: ModelRetrieverOptions): Promise<ModelRetriever> {
    const threads = new SessionThreads();
    const { engine } = options;
    const all = {
      ...options,
      stages: new StageTimes(),
      engine: engine.kind === "onnx" ? { ...engine, sessionThreads: threads } : engine,
    };
    const changes = await OwnerChanges.open(options.journal);
    const generation = await Generation.open(changes.artifactFolder ?? folder, {
      ...all,
      // What this machine compiled is not hashed at every start.
      verify: false,
      last: null,
    });
    generation.adopt(changes.items());
    const retriever = new ModelRetriever(generation, changes, all, threads);
    retriever.#folding = await Folding.open({
      ...options.folding,
      swapTo: (artifactFolder, version, signal) =>
        retriever.#swapTo(artifactFolder, version, signal),
    });
    retriever.#apply([]);
    return retriever;
  }

  get limits(): DoorLimits {
    return this.#current.limits;
  }

  retrieve(request: RetrievalRequest, context: CallContext): Promise<Answer> {
    this.#requests++;
    return this.#current.retrieve(request, context);
  }

  upsert(items: readonly LiveItem[]): Promise<void> {
    const checked = (): ItemChange[] => {
      const { manifest } = this.#current;
      return items.map((item, at) => {
        const fits = checkedItem(item, manifest, `items[${at}]`);
        return { id: fits.id, item: fits };
      });
    };
    return this.#changes.take(checked, (changes) => this.#apply(changes));
  }

  delete(ids: Float64Array): Promise<void> {
    const removed = (): ItemChange[] => Array.from(ids, (id) => ({ id, item: null }));
    return this.#changes.take(removed, (changes) => this.#apply(changes));
  }

  /**
   * Answers from another artifact from now on. It is loaded, checked whole and warmed up beside
   * the one that serves, which then finishes what it has begun: no request fails. Changes that
   * were made meanwhile hold for it too.
   * @throws HarnessError DATA if it is damaged, UNAVAILABLE if it cannot be run; nothing changed.
   */
  swap(folder: string): Promise<void> {
    return this.#swapTo(folder, NO_VERSION);
  }

  stats(): Promise<SystemStats> {
    const generations = [this.#current, ...this.#retiring.keys()];
    const sizes = sumOf([this.#sizes, ...generations.map((one) => one.sizes)]);
    const waits = sumOf([this.#waits, ...generations.map((one) => one.waits)]);
    const { live } = this.#current;
    const probing = sumOfProbing([this.#probing, ...generations.map((one) => one.probing)]);
    return Promise.resolve({
      processes: [ownProcessStats("model")],
      devices: generations.flatMap(({ devices }) => devices),
      stages: new Map([...this.#options.stages.encode(), ["model.queue", waits.encode()]]),
      batchSizes: sizes.encode(),
      counters: new Map([
        ["requests", this.#requests],
        ["model.swaps", this.#swaps],
        ...probingStats(probing),
        ["model.fresh_slots", live.count],
        ["model.hidden_items", live.hidden],
        ["model.folds", this.#folding?.counters.folds ?? 0],
        ["model.failed_folds", this.#folding?.counters.failed ?? 0],
        ["model.abandoned_folds", this.#folding?.counters.abandoned ?? 0],
        ["model.folds_under_way", Number(this.#folding?.counters.underWay ?? false)],
      ]),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folding?.[Symbol.asyncDispose]();
    await this.#swapping;
    await this.#changes[Symbol.asyncDispose]();
    await Promise.all([...this.#retiring.values(), this.#current[Symbol.asyncDispose]()]);
    await this.#threads[Symbol.asyncDispose]();
  }

  /**
   * One swap after the other.
   * @param version changes up to it are in the artifact already.
   * @param signal aborted before its turn, nothing is swapped.
   */
  #swapTo(folder: string, version: number, signal?: AbortSignal): Promise<void> {
    const swapped = this.#swapping.then(() => {
      signal?.throwIfAborted();
      return this.#swapNow(folder, version);
    });
    this.#swapping = swapped.catch(() => {});
    return swapped;
  }

  async #swapNow(folder: string, version: number): Promise<void> {
    const last = this.#current;
    const isFromElsewhere = version === NO_VERSION;
    // What was compiled here a moment ago is not hashed, for that is time taken from the requests.
    const next = await Generation.open(folder, { ...this.#options, verify: isFromElsewhere, last });
    const inherited = (): OwnerChange[] => {
      if (isFromElsewhere) {
        next.adopt(this.#changes.items());
        return [{ artifactFolder: folder }];
      }
      next.inherit(last, version);
      // What was folded here holds no more than the changes that are kept.
      return [];
    };
    const serve = (): void => {
      this.#current = next;
      this.#swaps++;
      if (isFromElsewhere) this.#folding?.abandon();
      this.#retiring.set(last, this.#retire(last));
      this.onSwap();
    };
    try {
      await this.#changes.take(inherited, serve);
    } catch (error) {
      await next[Symbol.asyncDispose]();
      throw error;
    }
  }

  #apply(changes: readonly ItemChange[]): void {
    const { artifact, live, changeCost } = this.#current;
    live.apply(changes);
    this.#folding?.consider(live, artifact, changeCost);
  }

  async #retire(generation: Generation): Promise<void> {
    await generation[Symbol.asyncDispose]();
    this.#retiring.delete(generation);
    this.#sizes.add(generation.sizes);
    this.#waits.add(generation.waits);
    this.#probing = sumOfProbing([this.#probing, generation.probing]);
  }
}

/** Before the first change: an artifact from elsewhere is not known to hold any. */
const NO_VERSION = 0;

function sumOf(histograms: readonly Histogram[]): Histogram {
  const sum = Histogram.create();
  for (const histogram of histograms) sum.add(histogram);
  return sum;
}
