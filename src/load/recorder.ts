import { HarnessError } from "../errors.ts";
import { Histogram } from "../math/histogram.ts";
import { EventLoopProbe, type ThreadUsage } from "../measure/event-loop.ts";
import { AnswerStore } from "./answer-store.ts";
import type { ErrorTally, RawObservations } from "./observations.ts";

/** A system that nothing came from but failures to reach it for this long is given up, by default. */
const UNREACHABLE_MS = 1_000;
/** Times of failures that are kept: enough for any load that is not spoiled by them. */
const MOST_FAILURES = 100_000;
/** A request sent later than this after its time counts as late. */
const LATE_MS = 1;

export interface RecorderOptions {
  /** Length of the window. */
  readonly seconds: number;
  /**
   * Whose latency counts. `answered`: answers that come inside the window, as of a closed loop.
   * `due`: requests that are due inside the window, whenever they are answered; leaving out those
   * that come after it would leave out the slowest.
   */
  readonly counts: "answered" | "due";
  /** How long failures to reach the system are borne; default a second. */
  readonly unreachableMs?: number | undefined;
}

/** A request on its way, on performance.now()'s clock. */
export interface Sent {
  /** Its index in the walk. */
  readonly request: number;
  /** When it should have been sent: latency counts from here. */
  readonly dueMs: number;
  readonly sentMs: number;
}

/** Keeps what one thread of a load sees. A load asks `isOver` before it sends. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #store: AnswerStore;
  readonly #latency = Histogram.create();
  readonly #sendLatency: Histogram | null;
  readonly #lag: Histogram | null;
  readonly #failuresMs: number[] = [];
  readonly #errors = new Map<string, ErrorTally>();
  readonly #perSecond: number[] = [];
  #startMs = Infinity;
  #endMs = Infinity;
  #probe: EventLoopProbe | null = null;
  #usage: ThreadUsage = {
    cpuSeconds: null,
    cpuShare: 0,
    lagP99Ms: 0,
    gcShare: 0,
    waitShare: null,
  };
  #spunMs = 0;
  #completed = 0;
  #answered = 0;
  #offered = 0;
  #late = 0;
  #unsent = 0;
  #unfinished = 0;
  #longestUnfinishedMs = 0;
  #unreachableSinceMs = Infinity;
  #overloaded: string | null = null;
  #endedEarly: string | null = null;

  constructor(options: RecorderOptions, store = new AnswerStore()) {
    this.#options = options;
    this.#store = store;
    this.#sendLatency = options.counts === "due" ? Histogram.create() : null;
    this.#lag = options.counts === "due" ? Histogram.create() : null;
  }

  /** The window opens, now or at a time that is near. */
  open(startMs: number): void {
    this.#startMs = startMs;
    this.#endMs = startMs + this.#options.seconds * 1000;
    this.#probe = new EventLoopProbe();
  }

  /** Whether nothing more is to be sent. The first to ask after the end closes the window. */
  isOver(nowMs: number): boolean {
    if (nowMs < this.#endMs && this.#endedEarly === null) return false;
    this.#close(nowMs);
    return true;
  }

  /** A request that was due at a time has gone out. */
  sent({ dueMs, sentMs }: Sent): void {
    if (!this.#isInside(dueMs)) return;
    this.#offered++;
    this.#lag?.recordMs(sentMs - dueMs);
    if (sentMs - dueMs > LATE_MS) this.#late++;
  }

  /** A request was sent that has no time of its own to be late for. */
  offered(): void {
    this.#offered++;
  }

  answer(sent: Sent, doneMs: number, bytes: Uint8Array): void {
    this.#answered++;
    this.#unreachableSinceMs = Infinity;
    const isInTime = this.#isInside(doneMs);
    const counts = this.#options.counts === "due" ? this.#isInside(sent.dueMs) : isInTime;
    if (isInTime) {
      this.#completed++;
      const second = Math.floor((doneMs - this.#startMs) / 1000);
      this.#perSecond[second] = (this.#perSecond[second] ?? 0) + 1;
    } else if (doneMs >= this.#endMs) {
      this.#unfinished++;
      this.#longestUnfinishedMs = Math.max(this.#longestUnfinishedMs, doneMs - sent.dueMs);
    }
    if (!counts) return;
    const latencyMs = doneMs - sent.dueMs;
    this.#latency.recordMs(latencyMs);
    this.#sendLatency?.recordMs(doneMs - sent.sentMs);
    this.#store.add(sent.request, bytes, latencyMs, doneMs);
  }

  failure(thrown: unknown, nowMs: number): HarnessError {
    const error = HarnessError.from(thrown);
    if (this.#failuresMs.length < MOST_FAILURES) this.#failuresMs.push(nowMs);
    const { count, example } = this.#errors.get(error.code) ?? { count: 0, example: error.message };
    this.#errors.set(error.code, { count: count + 1, example });
    if (error.code !== "UNAVAILABLE") this.#unreachableSinceMs = Infinity;
    else if (this.#unreachableSinceMs === Infinity) this.#unreachableSinceMs = nowMs;
    else if (nowMs - this.#unreachableSinceMs > this.#unreachableMs) this.#giveUp(error);
    return error;
  }

  /** The system cannot keep up, so the load stops. */
  overload(reason: string): void {
    this.#overloaded = reason;
  }

  /** So many requests that should have been sent never will be. */
  giveUpOn(requests: number): void {
    this.#unsent += requests;
    this.#offered += requests;
  }

  /** Time that the thread spent looking at the clock: CPU that is no work. */
  spun(ms: number): void {
    if (this.#probe !== null) this.#spunMs += ms;
  }

  /** The window ends before its time: there is nothing more to send. */
  end(nowMs: number): void {
    this.#endMs = Math.min(this.#endMs, nowMs);
    this.#close(nowMs);
  }

  /** @param nextAt Where in the walk the load stopped. */
  finish(nextAt: number): RawObservations {
    this.#close(performance.now());
    const seconds = (this.#endMs - this.#startMs) / 1000;
    return {
      seconds: Number.isFinite(seconds) ? seconds : 0,
      completed: this.#completed,
      answered: this.#answered,
      offered: this.#lag === null ? null : this.#offered,
      late: this.#late,
      unsent: this.#unsent,
      errors: this.#errors,
      failuresMs: Float64Array.from(this.#failuresMs),
      latency: this.#latency.encode(),
      sendLatency: this.#sendLatency?.encode() ?? null,
      perSecond: { completed: Array.from(this.#perSecond, (n) => n ?? 0) },
      unfinished: { count: this.#unfinished, longestMs: this.#longestUnfinishedMs },
      nextAt,
      overloaded: this.#overloaded,
      endedEarly: this.#endedEarly,
      client: this.#clientUsage(seconds),
      answers: this.#store.seal(),
    };
  }

  get #unreachableMs(): number {
    return this.#options.unreachableMs ?? UNREACHABLE_MS;
  }

  #isInside(ms: number): boolean {
    return ms >= this.#startMs && ms < this.#endMs;
  }

  #clientUsage(seconds: number): ThreadUsage {
    const { cpuShare } = this.#usage;
    const lag = this.#lag;
    return {
      ...this.#usage,
      cpuShare: Math.max(0, cpuShare - (seconds > 0 ? this.#spunMs / 1000 / seconds : 0)),
      // How late it sent says more than how late its timers came.
      ...(lag === null || lag.count === 0 ? {} : { lagP99Ms: lag.quantile(0.99) / 1000 }),
    };
  }

  #giveUp(error: HarnessError): void {
    this.#endedEarly ??= `not reachable for ${this.#unreachableMs / 1000} s: ${error.message}`;
  }

  /** Ends the window, at its time or, given up, now. */
  #close(nowMs: number): void {
    if (this.#probe === null) return;
    this.#usage = this.#probe.stop();
    this.#probe = null;
    this.#endMs = Math.min(this.#endMs, nowMs);
  }
}
