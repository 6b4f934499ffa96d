import type { Device } from "../../src/onnx/device.ts";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import { requireOnDevice } from "../../src/onnx/placement.ts";
import { SessionThread, type OnDied } from "../../src/onnx/session-thread.ts";
import type { Artifact } from "../compile/artifact.ts";
import { freshTables } from "../compile/fresh-tables.ts";
import type { ArtifactManifest, ArtifactSettings } from "../compile/manifest.ts";
import { LISTED_SHARE } from "../eligibility/filter-share.ts";
import { type DeviceForm, formOf } from "../graph/device-form.ts";
import type { FreshTables } from "../graph/fresh-ranking.ts";
import { FRESH_BLOCK } from "../graph/fresh-scoring.ts";
import { batchFeeds, type BatchShape, type Thoroughness } from "./batch-feeds.ts";
import { Effort, type Probing } from "./effort.ts";
import type { Engine } from "./engine.ts";
import { foldedWhereItPays } from "./fold-choice.ts";
import {
  blankItems,
  freshFeeds,
  type FreshItems,
  hiddenFeeds,
  type HiddenRows,
  hiding,
  NOTHING_HIDDEN,
  openFeeds,
  padded,
} from "./fresh-items.ts";
import type { ProbingCounters } from "./probing-counters.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";
import { searchedAlike, thoroughAnswers, type Beside, type Together } from "./thorough-answers.ts";
import { VisibleBits } from "./visible-bits.ts";
import { widened } from "./widened.ts";

const FALLBACK_HINT = "set allowFallback: true to measure it all the same";

export interface OnnxEngineOptions {
  readonly device: Device;
  /** Threads of the session: as many as the CPU set has. */
  readonly threads: number;
  /** Clusters that a head looks at, where the artifact has clusters; absent: all. */
  readonly probing?: Probing;
  /** Whether nodes with real work may run on the CPU where the device has no kernel for them. */
  readonly allowFallback: boolean;
  readonly onDied: OnDied;
}

/**
 * The largest tensor of one run of the graph, in elements; larger batches are run in parts. On a
 * processor 2^26 are 256 MiB of scores, and beyond it they only travel further between memory and
 * the processor. CUDA has no Gather of 2^31 or more, and a few such tensors fit into a card.
 */
const MOST_ELEMENTS: Readonly<Record<Device, number>> = {
  cpu: 2 ** 26,
  cuda: 2 ** 31 - 1,
  webgpu: 2 ** 26,
};

/**
 * The value of what is no answer. Shaders of WebGPU know no infinity: ONNX Runtime writes the lowest
 * number in its place (so that an item whose formula has no number, which has this value, is left
 * out there, too).
 */
const NOTHING: Readonly<Record<Device, number>> = {
  cpu: -Infinity,
  cuda: -Infinity,
  webgpu: -3.4028234663852886e38,
};

/** Of an embedding's number, in floats. */
const SIZES: Readonly<Record<ArtifactSettings["precision"], number>> = {
  float32: 1,
  // ONNX Runtime has no such products on processors: it makes floats of them.
  float16: 1,
  int8: 0.25,
};

/** Floats of a candidate in an OverArch: as its embedding cache has, usually. */
const RANKED_FLOATS = 128;

const NO_ITEMS = new Float32Array(0);

/** How a loaded graph is run. */
export interface RunnerOptions extends Pick<OnnxEngineOptions, "device" | "probing"> {
  readonly form?: DeviceForm;
  /** Which filters are folded into the product, of those that can be; absent: where it pays. */
  readonly folds?: "whereItPays" | "always";
}

/** A loaded graph: a session, in this thread or in one of its own. */
export interface GraphRunner extends AsyncDisposable {
  run(feeds: Readonly<Record<string, HostTensor>>): Promise<Readonly<Record<string, HostTensor>>>;
}

/** The artifact loaded by ONNX Runtime, answering batches of queries. */
export class OnnxEngine implements Engine {
  /** ONNX Runtime spreads one batch over all its threads. */
  readonly lanes = 1;
  /** What ONNX Runtime does on a GPU it does not tell. */
  readonly devices = [];
  readonly #runner: GraphRunner;
  readonly #manifest: ArtifactManifest;
  readonly #effort: Effort;
  readonly #shape: BatchShape;
  readonly #device: Device;
  readonly #folds: "whereItPays" | "always";
  /** null: an item's value is its score, and fresh ones are scored beside the answer. */
  readonly #tables: FreshTables | null;
  readonly #visible: VisibleBits;
  /** null: there are none. */
  #freshItems: ((count?: number) => HostTensor) | null = null;
  #checkPlacement: (() => Promise<void>) | null = null;

  /**
   * @param runner the graph of this artifact, loaded; it ends with the engine.
   * @param form what the graph takes, where it is not that of the device.
   * @param probing clusters that a head looks at.
   */
  constructor(
    runner: GraphRunner,
    manifest: ArtifactManifest,
    {
      device,
      form = formOf(device),
      probing = { probes: "all" },
      folds = "whereItPays",
    }: RunnerOptions,
  ) {
    this.#folds = folds;
    this.#visible = new VisibleBits(manifest.items);
    const { items, dim, userDim, model, clusters, columns } = manifest;
    this.#tables = manifest.scoreOnly ? null : freshTables(model, columns);
    this.#runner = runner;
    this.#manifest = manifest;
    this.#device = device;
    const isOneList = clusters === null || model.heads === 1;
    const listsFew = manifest.scoreOnly && isOneList && form.listsFew;
    this.#effort = new Effort(manifest, probing, { listedBelow: listsFew ? LISTED_SHARE : 0 });
    const queryDim = dim * model.heads;
    this.#shape = {
      items,
      dim,
      userDim,
      queryDim,
      clustered: clusters !== null,
      ordered: this.#effort.grows ? clusters : null,
      checked: manifest.checked && form.eligibility === "bitmaps",
      foldDims: form.eligibility === "bitmaps" ? (manifest.folded?.dims ?? null) : null,
      form,
    };
  }

  /**
   * Loads the graph in a thread of its own.
   * @throws HarnessError DATA if the artifact's graph cannot be loaded, UNAVAILABLE if the device
   *   is not there.
   */
  static async open(
    artifact: Artifact,
    { device, threads, probing, allowFallback, onDied }: OnnxEngineOptions,
  ): Promise<OnnxEngine> {
    const profile = device !== "cpu" && !allowFallback;
    const session = await SessionThread.open(
      { file: artifact.graphPath(device), device, threads, profile },
      onDied,
    );
    const engine = new OnnxEngine(session, artifact.manifest, {
      device,
      ...(probing === undefined ? {} : { probing }),
    });
    if (profile) {
      engine.#checkPlacement = async () =>
        requireOnDevice(await session.placements(), device, FALLBACK_HINT);
    }
    return engine;
  }

  /**
   * To be called once, after all of the graph has run: whether it ran where it should.
   * @throws HarnessError UNAVAILABLE naming the nodes that ran on the CPU in the device's stead.
   */
  async checkPlacement(): Promise<void> {
    await this.#checkPlacement?.();
  }

  /**
   * Where an item's value is its score: scores also items that came after the artifact was compiled.
   * @param items asked before each run, for those that its queries tell of: float32 [fresh, dim].
   */
  scoreFresh(items: (count?: number) => HostTensor): void {
    this.#freshItems = items;
  }

  /** Answers in the order of the queries, of which there is at least one. */
  async answer(queries: readonly EngineQuery[], fresh?: FreshItems): Promise<EngineAnswer[]> {
    const items = fresh ?? this.#blank(0);
    const hidesApart = items === null || this.#hidesApart;
    const asked = hidesApart ? queries : hiding(queries, items.hidden);
    const ways = { effort: this.#effort, together: this.#together, beside: this.#beside };
    return await thoroughAnswers(asked, ways, ({ queries: group, each, fetch }) =>
      this.#run(group, { ...each[0]!, fetch }, items),
    );
  }

  /** All of a batch have to be few, for them to be listed. */
  readonly #together: Together = (query, thoroughness) =>
    `${searchedAlike(query, thoroughness)} ${this.#isListed(query, thoroughness) ? "listed" : ""}`;

  /** What is listed is apart in any case. */
  readonly #beside: Beside = (queries, each) => {
    const { foldDims, items, dim } = this.#shape;
    if (foldDims === null) return each;
    const { heads } = this.#manifest.model;
    const others = [...queries.keys()].filter((at) => !this.#isListed(queries[at]!, each[at]!));
    const chosen = foldedWhereItPays(
      others.map((at) => queries[at]!),
      others.map((at) => each[at]!),
      this.#folds === "always" ? null : { items, dim, heads, foldDims },
    );
    const beside = [...each];
    for (const [nth, at] of others.entries()) beside[at] = chosen[nth]!;
    return beside;
  };

  #isListed({ plan }: EngineQuery, thoroughness: Thoroughness): boolean {
    return this.#effort.isAll(thoroughness) && this.#effort.isListed(plan?.share ?? 1);
  }

  /** With a fresh item, too, where those are ranked along: the first one finds nothing cold. */
  async lookEverywhere(query: EngineQuery): Promise<void> {
    const thoroughness = { ...this.#effort.of(query), ...this.#effort.everywhere };
    await this.#run([query], thoroughness, this.#blank(1));
  }

  /** A processor needs no kernel of its own for a size, and its memory is that of the largest. */
  get coldBySize(): boolean {
    return this.#device !== "cpu";
  }

  get mostAtOnce(): number {
    return this.#mostAtOnce(this.#effort.atFirst);
  }

  get probing(): ProbingCounters {
    return this.#effort.counters;
  }

  /** @param fresh null: nothing is known to have changed. */
  async #run(
    queries: readonly EngineQuery[],
    thoroughness: Thoroughness,
    fresh: FreshItems | null,
  ): Promise<EngineAnswer[]> {
    const answers: EngineAnswer[] = [];
    const parts = Math.ceil(queries.length / this.#mostAtOnce(thoroughness));
    for (let at = 0; at < parts; at++) {
      const from = Math.floor((queries.length * at) / parts);
      const own = queries.slice(from, Math.floor((queries.length * (at + 1)) / parts));
      const filtered = !thoroughness.folded && own.some(({ plan }) => plan !== null);
      const part = filtered ? own : this.#widened(own, fresh);
      const ofFresh =
        this.#tables === null
          ? this.#scoredFeeds(part, fresh)
          : freshFeeds(part, fresh!, this.#shape.form);
      const feeds = {
        ...batchFeeds(part, this.#shape, thoroughness),
        ...ofFresh,
        ...(this.#hidesApart ? this.#hiddenFeeds(fresh?.hidden ?? NOTHING_HIDDEN, filtered) : {}),
      };
      answers.push(...cutAnswers(part, await this.#runner.run(feeds), NOTHING[this.#device]));
    }
    return answers;
  }

  /** Where the score is all that counts, so much more is asked for that what is hidden can be left out. */
  #widened(queries: readonly EngineQuery[], fresh: FreshItems | null): readonly EngineQuery[] {
    const hidden = fresh?.hidden.rows.length ?? 0;
    if (!this.widensAnswers || hidden === 0) return queries;
    const { items } = this.#shape;
    return queries.map((query) => ({ ...query, k: widened(query.k, hidden, items) }));
  }

  /** Queries of one run, so that what is scored, and of probed clusters copied, stays small. */
  #mostAtOnce(thoroughness: Pick<Thoroughness, "probes">): number {
    const { items, dim, model, clusterWidth, settings, scoreOnly } = this.#manifest;
    const size = this.#device === "cuda" ? 1 : SIZES[settings.precision];
    const copied = (clusterWidth ?? 0) * thoroughness.probes * dim * size;
    const perHead = this.#effort.isAll(thoroughness) ? items : copied;
    const ranked = scoreOnly ? 0 : model.candidates * RANKED_FLOATS;
    return Math.max(
      1,
      Math.floor(MOST_ELEMENTS[this.#device] / (Math.max(perHead, ranked) * model.heads)),
    );
  }

  /** null: there are none that are ranked along. */
  #blank(count: number): FreshItems | null {
    return this.#tables === null ? null : blankItems(this.#shape.dim, this.#tables, count);
  }

  get widensAnswers(): boolean {
    return this.#tables === null && this.#hidesApart;
  }

  /** Whether the graph takes what is hidden by itself. */
  get #hidesApart(): boolean {
    const { clustered, form } = this.#shape;
    return !clustered && form.hiddenItems === "apart";
  }

  /** @param filtered whether the graph takes what is hidden out of what filters leave. */
  #hiddenFeeds(hidden: HiddenRows, filtered: boolean): Record<string, HostTensor> {
    const visible = this.#visible.feeds(hidden);
    if (this.#tables === null) return visible;
    return { ...visible, ...hiddenFeeds(filtered ? NOTHING_HIDDEN : hidden) };
  }

  /** Those that there were when the batch began, of which its queries tell what they may get. */
  #scoredFeeds(
    queries: readonly EngineQuery[],
    fresh: FreshItems | null,
  ): Record<string, HostTensor> {
    const count = queries[0]!.freshOpen?.count ?? 0;
    const { dim, form } = this.#shape;
    const given =
      count === 0 ? null : (fresh?.tensors()["fresh_items"] ?? this.#freshItems?.(count));
    const none: HostTensor = { type: "float32", dims: [0, dim], data: new Float32Array(0) };
    const items = given ?? none;
    if (form.freshItems === "chosen") return { fresh_items: items };
    const places = FRESH_BLOCK * Math.max(1, Math.ceil(count / FRESH_BLOCK));
    return { fresh_items: padded(items, places), ...openFeeds(queries, { count, places, form }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner[Symbol.asyncDispose]();
  }
}

/** Each query's own k, and of those the ones that are eligible: the others' values are `nothing`. */
function cutAnswers(
  queries: readonly EngineQuery[],
  results: Readonly<Record<string, HostTensor>>,
  nothing: number,
): EngineAnswer[] {
  const values = results["values"]!.data as Float32Array;
  const rows = results["rows"]!.data as Uint32Array;
  const width = results["values"]!.dims[1]!;
  const freshOf = freshScores(results);
  const starved = results["starved"]?.data;
  return queries.map(({ k }, at) => {
    const start = at * width;
    let end = start + Math.min(k, width);
    while (end > start && values[end - 1]! <= nothing) end--;
    return {
      // The arrays are the batch's own: nobody else writes to them.
      rows: rows.subarray(start, end),
      values: values.subarray(start, end),
      ...freshOf(at),
      starved: starved !== undefined && Number(starved[at]) > 0,
    };
  });
}

type FreshScores = Pick<EngineAnswer, "freshScores" | "freshSlots">;

/** What each request has of fresh items that are scored beside the answer. */
function freshScores(results: Readonly<Record<string, HostTensor>>): (at: number) => FreshScores {
  const { fresh_scores: scored, fresh_slots: slots } = results;
  if (scored === undefined) return () => ({ freshScores: NO_ITEMS, freshSlots: null });
  const width = scored.dims[1]!;
  const partOf = <Values extends Float32Array | Int32Array>(values: Values, at: number): Values =>
    values.subarray(at * width, (at + 1) * width) as Values;
  return (at) => ({
    freshScores: partOf(scored.data as Float32Array, at),
    freshSlots: slots === undefined ? null : partOf(slots.data as Int32Array, at),
  });
}
