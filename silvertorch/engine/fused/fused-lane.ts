import type { GpuDevice } from "../../device/gpu-device.ts";
import {
  PlainRecorder,
  type Recorder,
  type StageTime,
  type StageTimer,
} from "../../device/passes.ts";
import type { FreshLane, FreshStage } from "../ranking/fresh-stage.ts";
import type { PackedLists, UseAnswers } from "./answers.ts";
import type { DeviceIndex } from "./device-index.ts";
import type { PackedBatch } from "./pack-batch.ts";
import { Readback } from "./readback.ts";
import type { SearchKernels } from "./search-kernels.ts";
import { SearchLane } from "./search-lane.ts";
import { type LaneNeeds, laneNeeds, laneSelections, withRoom } from "./lane-needs.ts";
import type {
  BatchExtent,
  LaneBuffers,
  QueryLane,
  QueryStage,
  RankingLane,
  RankingStage,
} from "./stages.ts";

/** The forward pass: what stands on the device for all lanes. */
export interface ForwardPass {
  readonly device: GpuDevice;
  readonly index: DeviceIndex;
  readonly kernels: SearchKernels;
  readonly query: QueryStage;
  /** null: the lists of the search are the answers. */
  readonly ranking: RankingStage | null;
  /** null: there are no fresh items, ever. */
  readonly fresh: FreshStage | null;
}

/** Requests and places that a lane holds, and what its search does. */
interface Capacity extends LaneNeeds {
  readonly requests: number;
  readonly places: number;
}

/** One batch on its way through the device: buffers that grow with what is asked of them. */
export class FusedLane {
  readonly #pass: ForwardPass;
  #capacity: Capacity = NOTHING;
  #parts: Parts | null = null;

  constructor(pass: ForwardPass) {
    this.#pass = pass;
  }

  /**
   * Runs a batch: up, through all stages, down.
   * @param use reads the answers, which are gone after it.
   * @param timer times the stages; only one batch at a time.
   * @throws HarnessError of what went wrong on the device.
   */
  async run<T>(
    batch: PackedBatch,
    use: UseAnswers<T>,
    timer: StageTimer | null = null,
  ): Promise<{ readonly result: T; readonly times: readonly StageTime[] }> {
    const { query, search, ranking, fresh, readback, buffers } = await this.#fit(batch);
    const answers = answerShape(batch, this.#pass);
    const { width } = answers;
    const extent: BatchExtent = { ...batch.search, k: width };
    search.upload(batch.words, batch.bonuses);
    query.upload(batch.users, extent);
    ranking?.upload(extent);
    await ranking?.uploadFresh(batch.ranked, extent);
    fresh?.upload(batch.fresh);
    const found = answersOf(ranking, buffers);
    const sources = sourcesOf(found.answerRows, found.answerValues, answers);
    const chosen = fresh?.chosen ?? null;
    const ofFresh: ListsShape = { lists: batch.search.requests, width: batch.k };
    if (chosen !== null) sources.push(...sourcesOf(chosen.slots, chosen.scores, ofFresh));
    this.#pass.device.submit("batch", (encoder) => {
      const recorder: Recorder = timer?.record(encoder) ?? new PlainRecorder(encoder);
      query.record(recorder, extent);
      search.record(recorder, batch.search, batch.bonuses !== null);
      ranking?.record(recorder, extent);
      fresh?.record(recorder, extent.requests);
      recorder.end();
      timer?.resolve(encoder);
      readback.copy(encoder, sources);
    });
    const [result, times] = await Promise.all([
      readback.read(bytesOf(sources), (held) =>
        use({
          ...listsAt(held, 0, answers),
          fresh: chosen === null ? null : listsAt(held, listsBytes(answers), ofFresh),
        }),
      ),
      timer?.read() ?? [],
    ]);
    return { result, times };
  }

  dispose(): void {
    if (this.#parts === null) return;
    const { search, query, ranking, fresh, readback, buffers } = this.#parts;
    const { device } = this.#pass;
    search.dispose();
    query.dispose();
    ranking?.dispose();
    fresh?.dispose();
    readback.dispose();
    for (const buffer of [buffers.queries, buffers.listRows, buffers.listScores]) {
      device.release(buffer);
    }
    this.#parts = null;
  }

  /** The parts, large enough for a batch. */
  async #fit(batch: PackedBatch): Promise<Parts> {
    const { index, ranking } = this.#pass;
    const places = Math.max(batch.search.places, batch.k);
    const needs: Capacity = {
      ...laneNeeds(batch.search, index),
      requests: batch.search.requests,
      // What ranks works on whole powers of two.
      places: Math.min(withRoom(places), ranking === null ? Infinity : nextPowerOfTwo(places)),
    };
    if (this.#parts !== null && holds(this.#capacity, needs)) return this.#parts;
    this.dispose();
    this.#capacity = grown(this.#capacity, needs);
    this.#parts = await this.#make(this.#capacity);
    return this.#parts;
  }

  async #make(capacity: Capacity): Promise<Parts> {
    const { device, index, kernels, query: queryStage, ranking: rankingStage } = this.#pass;
    const { dim } = index.shape;
    const { lists, places, requests } = capacity;
    const buffers: LaneBuffers = {
      queries: device.buffer("lane.queries", lists * dim * 4),
      listRows: device.buffer("lane.listRows", lists * (places + 1) * 4),
      listScores: device.buffer("lane.listScores", lists * places * 4),
    };
    const selections = await laneSelections(index, kernels.selections, capacity);
    const search = new SearchLane(device, { index, kernels, selections }, buffers, capacity);
    const query = queryStage.lane(buffers, { requests, places });
    const ranking = rankingStage?.lane(buffers, { requests, places }, query.features) ?? null;
    const { batch } = search;
    const { queries } = buffers;
    const { answerValues: values } = answersOf(ranking, buffers);
    const fresh = await this.#pass.fresh?.lane({ batch, queries, values }, { requests, places });
    const down = [lists, ...(fresh === undefined ? [] : [requests])];
    const bytes = down.map((each) => listsBytes({ lists: each, width: places }));
    const readback = new Readback(device, sum(bytes));
    return { buffers, search, query, ranking, fresh: fresh ?? null, readback };
  }
}

interface Parts {
  readonly buffers: LaneBuffers;
  readonly search: SearchLane;
  readonly query: QueryLane;
  readonly ranking: RankingLane | null;
  readonly fresh: FreshLane | null;
  readonly readback: Readback;
}

/** Lists as they come down: their rows, how many items each has, and their values. */
interface ListsShape {
  readonly lists: number;
  readonly width: number;
}

/** Answers of a batch. */
function answerShape(
  { search, k }: PackedBatch,
  { ranking, index }: Pick<ForwardPass, "ranking" | "index">,
): ListsShape {
  // Without a ranking each list is an answer.
  if (ranking === null) return { lists: search.requests * index.shape.heads, width: search.places };
  return { lists: search.requests, width: k };
}

const answersOf = (
  ranking: RankingLane | null,
  { listRows, listScores }: LaneBuffers,
): Pick<RankingLane, "answerRows" | "answerValues"> =>
  ranking ?? { answerRows: listRows, answerValues: listScores };

type Source = readonly [buffer: GPUBuffer, bytes: number];

const sourcesOf = (rows: GPUBuffer, values: GPUBuffer, { lists, width }: ListsShape): Source[] => [
  [rows, 4 * lists * (width + 1)],
  [values, 4 * lists * width],
];

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

const bytesOf = (sources: readonly Source[]): number => sum(sources.map(([, bytes]) => bytes));

const listsBytes = ({ lists, width }: ListsShape): number => 4 * lists * (2 * width + 1);

function listsAt(held: ArrayBuffer, first: number, { lists, width }: ListsShape): PackedLists {
  const length = lists * width;
  return {
    width,
    rows: new Uint32Array(held, first, length),
    counts: new Uint32Array(held, first + 4 * length, lists),
    values: new Float32Array(held, first + 4 * (length + lists), length),
  };
}

const NOTHING: Capacity = {
  requests: 0,
  places: 0,
  lists: 0,
  slots: 0,
  pairs: 0,
  candidates: 0,
  words: 0,
  excluded: 0,
  mostProbes: 0,
  mostSelected: 0,
};

const COUNTS = [
  "requests",
  "places",
  "lists",
  "slots",
  "pairs",
  "candidates",
  "words",
  "excluded",
  "mostProbes",
  "mostSelected",
] as const;

const holds = (capacity: Capacity, needs: Capacity): boolean =>
  COUNTS.every((name) => capacity[name] >= needs[name]);

/** As large as was and is needed; what is small and changes with each batch has room to spare. */
function grown(capacity: Capacity, needs: Capacity): Capacity {
  const most = (name: (typeof COUNTS)[number]): number => Math.max(capacity[name], needs[name]);
  return {
    requests: most("requests"),
    places: most("places"),
    lists: most("lists"),
    slots: most("slots"),
    pairs: most("pairs"),
    candidates: most("candidates"),
    words: roomy(most("words"), LEAST_WORDS),
    excluded: roomy(most("excluded"), LEAST_WORDS),
    mostProbes: most("mostProbes"),
    mostSelected: most("mostSelected"),
  };
}

/**
 * Room for words of a batch's filters and exclusions. To make more is to make all of a lane anew, the
 * scores' gigabytes too.
 */
const LEAST_WORDS = 128 << 10;
const roomy = (count: number, least: number): number => nextPowerOfTwo(Math.max(least, count));

const nextPowerOfTwo = (count: number): number => 2 ** Math.ceil(Math.log2(count));
