import type { StageTime } from "../device/passes.ts";
import type { DeviceStats } from "../../src/door/stats.ts";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import type { ProbingCounters } from "./probing-counters.ts";
import type { FreshItems } from "./fresh-items.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";

/** What an engine tells beside its answers. */
export interface EngineEvents {
  /** The times of its stages on a device, of some batches. */
  readonly onTimes: (times: readonly StageTime[]) => void;
  /** What it is busy with before it can answer, or answer a larger batch. */
  readonly onProgress: (phase: string) => void;
}

/** An artifact, loaded and answering batches of queries. */
export interface Engine extends AsyncDisposable {
  /** Batches that it works on at the same time: more are of no use to it. */
  readonly lanes: number;
  /** Queries of a batch that it runs as one; a larger batch is run in parts, one after another. */
  readonly mostAtOnce: number;
  /** Whether the first batch of a size costs more than the later ones, so that each is to be run once. */
  readonly coldBySize: boolean;
  /** How often, and how far, answers had to be looked for beyond the usual. */
  readonly probing: ProbingCounters;
  /** Devices it occupies, and for how long they worked; those of the operating system's do not count. */
  readonly devices: readonly DeviceStats[];

  /**
   * Whether, where an item's value is its score, it is told with each batch what is hidden, and leaves
   * that out or finds so many more that it can be; else who asks asks for more.
   */
  readonly widensAnswers: boolean;

  /**
   * What a fresh or hidden item costs a request: that of so many compiled ones, of which it looks at few
   * where there are clusters. Of a search of all items it is measured (`npm run proof:freshness --
   * --standing`) or estimated.
   */
  readonly changeCost: number;

  /**
   * Answers in the order of the queries, of which there is at least one.
   * @param fresh ranked along where an item's value is more than its score; absent: there are none.
   */
  answer(queries: readonly EngineQuery[], fresh?: FreshItems): Promise<EngineAnswer[]>;

  /** Looks for a query's answer as widely as for one that stays short: for a warm-up. */
  lookEverywhere(query: EngineQuery): Promise<void>;

  /**
   * Where an item's value is its score: scores also items that came after the artifact was compiled.
   * @param items asked before each batch, for the first so many or for all: float32 [fresh, dim].
   */
  scoreFresh(items: (count?: number) => HostTensor): void;

  /**
   * To be called once, after all of the model has run: whether it ran where it should.
   * @throws HarnessError UNAVAILABLE naming what ran elsewhere.
   */
  checkPlacement(): Promise<void>;
}
