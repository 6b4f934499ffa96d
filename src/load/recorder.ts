import { HarnessError } from "../errors.ts";
import { Histogram } from "../math/histogram.ts";
import { EventLoopProbe, type ThreadUsage } from "../measure/event-loop.ts";
import { AnswerStore } from "./answer-store.ts";
import type { ErrorTally, RawObservations } from "./observations.ts";

/** A system that nothing came from but failures to reach it for this long is given up. */
const UNREACHABLE_MS = 1_000;

/**
 * Keeps what a load sees. The window opens once each of its lanes has had its first outcome, and
 * closes `seconds` later; a load asks `isOver` before it sends.
 */
export class Recorder {
  readonly #seconds: number;
  readonly #store = new AnswerStore();
  readonly #latency = Histogram.create();
  readonly #errors = new Map<string, ErrorTally>();
  readonly #perSecond: number[] = [];
  #lanesToStart: number;
  #startMs = Infinity;
  #endMs = Infinity;
  #probe: EventLoopProbe | null = null;
  #usage: ThreadUsage = { cpuSeconds: null, cpuShare: 0, lagP99Ms: 0, gcShare: 0 };
  #completed = 0;
  #answered = 0;
  #unfinished = 0;
  #longestUnfinishedMs = 0;
  #unreachableSinceMs = Infinity;
  #endedEarly: string | null = null;

  /** @param lanes How many first outcomes (`laneStarted`) it waits for before the window opens. */
  constructor(seconds: number, lanes: number) {
    this.#seconds = seconds;
    this.#lanesToStart = lanes;
  }

  /** Whether nothing more is to be sent. */
  isOver(nowMs: number): boolean {
    if (nowMs < this.#endMs && this.#endedEarly === null) return false;
    this.#close(nowMs);
    return true;
  }

  /** One lane of the load has had its first answer or failure. */
  laneStarted(nowMs: number): void {
    if (--this.#lanesToStart !== 0) return;
    this.#startMs = nowMs;
    this.#endMs = nowMs + this.#seconds * 1000;
    this.#probe = new EventLoopProbe();
  }

  answer(request: number, sentMs: number, doneMs: number, bytes: Uint8Array): void {
    this.#answered++;
    this.#unreachableSinceMs = Infinity;
    if (doneMs < this.#startMs) return;
    if (doneMs >= this.#endMs) {
      this.#unfinished++;
      this.#longestUnfinishedMs = Math.max(this.#longestUnfinishedMs, doneMs - sentMs);
      return;
    }
    this.#completed++;
    this.#latency.recordMs(doneMs - sentMs);
    const second = Math.floor((doneMs - this.#startMs) / 1000);
    this.#perSecond[second] = (this.#perSecond[second] ?? 0) + 1;
    this.#store.add(request, bytes);
  }

  failure(thrown: unknown, nowMs: number): HarnessError {
    const error = HarnessError.from(thrown);
    const { count, example } = this.#errors.get(error.code) ?? { count: 0, example: error.message };
    this.#errors.set(error.code, { count: count + 1, example });
    if (error.code !== "UNAVAILABLE") this.#unreachableSinceMs = Infinity;
    else if (this.#unreachableSinceMs === Infinity) this.#unreachableSinceMs = nowMs;
    else if (nowMs - this.#unreachableSinceMs > UNREACHABLE_MS) this.#giveUp(error);
    return error;
  }

  /** @param nextAt Where in the walk the load stopped. */
  finish(nextAt: number): RawObservations {
    this.#close(performance.now());
    const seconds = (this.#endMs - this.#startMs) / 1000;
    return {
      seconds: Number.isFinite(seconds) ? seconds : 0,
      completed: this.#completed,
      answered: this.#answered,
      errors: this.#errors,
      latency: this.#latency.encode(),
      perSecond: { completed: Array.from(this.#perSecond, (n) => n ?? 0) },
      unfinished: { count: this.#unfinished, longestMs: this.#longestUnfinishedMs },
      nextAt,
      endedEarly: this.#endedEarly,
      client: this.#usage,
      answers: this.#store.seal(),
    };
  }

  #giveUp(error: HarnessError): void {
    this.#endedEarly ??= `not reachable for ${UNREACHABLE_MS / 1000} s: ${error.message}`;
  }

  /** Ends the window, at its time or, given up, now. */
  #close(nowMs: number): void {
    if (this.#probe === null) return;
    this.#usage = this.#probe.stop();
    this.#probe = null;
    this.#endMs = Math.min(this.#endMs, nowMs);
  }
}
