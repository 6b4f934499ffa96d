import { collectDoubts } from "./collect-doubts.ts";
import { gatherDoubts } from "./doubts.ts";
import { compareSystems, compareTwo } from "./comparisons.ts";
import { flagCalibrations } from "./calibration.ts";
import { frontierOf } from "./frontier.ts";
import { doubtsOfEarlier, type Sitting, sittingAfter, timesOf } from "./sitting.ts";
import type {
  CostRow,
  Doubt,
  Fingerprint,
  GateVerdict,
  MicroRow,
  Point,
  Result,
  Settling,
  SystemResult,
  TuningRow,
} from "./schema.ts";

/** What is known of a run before its first point. */
export type ResultHeader = Pick<
  Result,
  "silverbench" | "scenario" | "seeds" | "machine" | "dataset" | "model"
> & { readonly fingerprint: Fingerprint };

/** What follows from the points, computed by those who stand after the result. */
export interface Judgements {
  readonly cost: readonly CostRow[];
  readonly doubts: readonly Doubt[];
  readonly gates: readonly GateVerdict[];
  readonly settling?: Settling | null;
}

/** A system, and the same once more under another name. */
export interface TwinNames {
  readonly of: string;
  readonly over: string;
}

/** A result in the making: a header, then systems and points as they come. */
export class ResultDraft {
  readonly #header: ResultHeader;
  readonly #twins: TwinNames | null;
  readonly #sitting: Sitting;
  readonly #systems: Record<string, SystemResult>;
  readonly #points: Point[];
  readonly #doubts: Doubt[];
  readonly #tuning: TuningRow[];
  readonly #micro: MicroRow[];
  #client: Result["client"];

  /**
   * @param twins the same system twice: only they are compared, and any verdict is a false alarm.
   * @param earlier what an earlier start of the same run left; null: this is the first.
   */
  constructor(header: ResultHeader, twins: TwinNames | null = null, earlier: Result | null = null) {
    this.#header = header;
    this.#twins = twins;
    this.#sitting = sittingAfter(earlier);
    this.#systems = { ...earlier?.systems };
    this.#points = [...(earlier?.points ?? [])];
    this.#doubts = doubtsOfEarlier(earlier);
    this.#tuning = [...(earlier?.tuning ?? [])];
    this.#micro = [...(earlier?.micro ?? [])];
    this.#client = earlier?.client ?? null;
  }

  /** Which start of the run this is, from 1. */
  get sitting(): number {
    return this.#sitting.number;
  }

  /** What the sittings before this one took. */
  get secondsBefore(): number {
    return this.#sitting.secondsBefore;
  }

  /** The highest round that has a point; 0: none has. */
  get lastRound(): number {
    return Math.max(0, ...this.#points.map(({ round }) => round));
  }

  has(pointKey: string): boolean {
    return this.#points.some(({ key }) => key === pointKey);
  }

  isTuned(system: string, variant: string): boolean {
    return this.#tuning.some((row) => row.system === system && row.variant === variant);
  }

  hasMicro(load: string): boolean {
    return this.#micro.some((row) => row.load === load);
  }

  addSystem(name: string, system: SystemResult): void {
    this.#systems[name] = system;
  }

  addPoint(point: Point): void {
    this.#points.push(point);
  }

  /** What the load was driven from. */
  setClient(client: Result["client"]): void {
    this.#client = client;
  }

  addTuning(row: TuningRow): void {
    this.#tuning.push(row);
  }

  addMicro(row: MicroRow): void {
    this.#micro.push(row);
  }

  addDoubt(doubt: Doubt): void {
    this.#doubts.push(doubt);
  }

  /** What there is while the run goes on; it is replaced when the run ends. */
  soFar(): Result {
    const nothing = { cost: [], doubts: [], gates: [] };
    return this.finish("the run had not ended when this was written", () => nothing);
  }

  /**
   * The result as it stands.
   * @param incompleteReason why the run did not end; null where it did.
   * @param judge cost and gates of a result that has points, comparisons and doubts.
   */
  finish(incompleteReason: string | null, judge: (result: Result) => Judgements): Result {
    const bare: Result = {
      schema: "silverbench.result/1",
      complete: incompleteReason === null,
      ...(incompleteReason === null ? {} : { incompleteReason }),
      ...this.#header,
      ...timesOf(this.#sitting, this.#points),
      systems: this.#systems,
      client: this.#client,
      points: flagCalibrations(this.#points),
      tuning: this.#tuning,
      frontier: [],
      micro: this.#micro,
      falseAlarms: null,
      comparisons: [],
      cost: [],
      doubts: [],
      gates: [],
      settling: null,
    };
    const frontier = frontierOf(bare);
    const compared = { ...bare, frontier, ...this.#compare(bare) };
    const { cost, doubts, gates, settling = null } = judge(compared);
    return {
      ...compared,
      cost: [...cost],
      doubts: gatherDoubts([...this.#doubts, ...collectDoubts(compared), ...doubts]),
      gates: [...gates],
      settling,
    };
  }

  #compare(bare: Result): Pick<Result, "comparisons" | "falseAlarms"> {
    if (this.#twins === null) return { comparisons: compareSystems(bare), falseAlarms: null };
    const { of, over } = this.#twins;
    const comparisons = compareTwo(bare, of, over);
    const verdict = comparisons.find(({ metric }) => metric === "throughput")?.verdict;
    const alarms = verdict === "better" || verdict === "worse" ? 1 : 0;
    return { comparisons, falseAlarms: { of: over, comparisons: 1, alarms } };
  }
}
