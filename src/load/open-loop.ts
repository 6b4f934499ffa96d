import { openClient, type LoadClient } from "./load-client.ts";
import type { OpenTask, StartGate } from "./load-task.ts";
import type { RawObservations } from "./observations.ts";
import { Recorder } from "./recorder.ts";
import { Walk } from "./walk.ts";

/** The thread sleeps only while the next request is further away than this: timers come late. */
const SLEEP_FROM_MS = 2;
/** How much earlier than that it is woken. */
const WAKE_EARLY_MS = 1.5;
/** Requests sent before the sockets are looked at again. */
const STRETCH = 32;
/** A turn of the event loop in which nothing happened takes less than this. */
const IDLE_TURN_MS = 0.2;

/**
 * An open loop: each request goes out at the time it is due, whatever became of those before it.
 * What cannot go out in time goes out late, none is skipped, and latency counts from when it was
 * due; so a system that stops for a while is charged for everyone who came meanwhile. Runs in the
 * load's thread.
 */
export async function driveOpenLoop(task: OpenTask, gate: StartGate): Promise<RawObservations> {
  const { address, connections, tls, requestTimeoutMs: timeoutMs, seconds } = task;
  const client = await openClient(task.client, { address, timeoutMs, connections, tls });
  const recorder = new Recorder({
    seconds,
    counts: "due",
    unreachableMs: task.unreachableMs,
  });
  const walk = new Walk(task.requests, task.startAt, task.stride);
  try {
    const startMs = await gate();
    recorder.open(startMs + task.runUpMs);
    await pumpOpenLoop({ client, recorder, walk, startMs, task });
    return recorder.finish(walk.at);
  } finally {
    client.close();
  }
}

/** Sends every request of the task at its time; resolves when every outcome is there. */
export function pumpOpenLoop(options: PumpOptions): Promise<void> {
  return new Pump(options).run();
}

export interface PumpOptions {
  readonly client: LoadClient;
  readonly recorder: Recorder;
  readonly walk: Walk;
  readonly startMs: number;
  readonly task: Pick<OpenTask, "dueMs" | "runUpMs" | "seconds" | "maxInFlight">;
}

/**
 * Sends what is due, then looks again: by setImmediate, which comes back within microseconds,
 * where a timer would come milliseconds late.
 */
class Pump {
  readonly #options: PumpOptions;
  #next = 0;
  #underWay = 0;
  /** Outcomes since the last turn: with one, the turn was not idle. */
  #outcomes = 0;
  #turnMs = 0;
  #isStopped = false;
  #resolve: () => void = () => {};

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  /** Resolves when all was sent and every outcome is there. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#turnMs = performance.now();
      this.#turn();
    });
  }

  readonly #turn = (): void => {
    const { recorder, startMs, task } = this.#options;
    const { dueMs } = task;
    const nowMs = performance.now();
    const turnMs = nowMs - this.#turnMs;
    let sent = 0;
    for (let clockMs = nowMs; sent < STRETCH && this.#isDue(clockMs); clockMs = performance.now()) {
      if (this.#underWay >= task.maxInFlight) return this.#stopAtCap(clockMs);
      this.#send(startMs + dueMs[this.#next]!, clockMs);
      sent++;
    }
    if (sent === 0 && this.#outcomes === 0 && turnMs < IDLE_TURN_MS) recorder.spun(turnMs);
    this.#outcomes = 0;
    if (recorder.isOver(nowMs) || this.#next === dueMs.length) return this.#finishSending(nowMs);
    this.#turnMs = performance.now();
    const waitMs = startMs + dueMs[this.#next]! - this.#turnMs;
    if (waitMs > SLEEP_FROM_MS) setTimeout(this.#wake, waitMs - WAKE_EARLY_MS);
    else setImmediate(this.#turn);
  };

  /** The time asleep was not spun away. */
  readonly #wake = (): void => {
    this.#turnMs = performance.now();
    this.#turn();
  };

  #isDue(clockMs: number): boolean {
    const { startMs, task } = this.#options;
    return this.#next < task.dueMs.length && startMs + task.dueMs[this.#next]! <= clockMs;
  }

  #send(dueMs: number, sentMs: number): void {
    const { client, recorder, walk } = this.#options;
    const request = walk.next();
    const sent = { request, dueMs, sentMs };
    this.#next++;
    this.#underWay++;
    recorder.sent(sent);
    client.send(walk.bytesOf(request), (error, answer) => {
      const doneMs = performance.now();
      this.#underWay--;
      this.#outcomes++;
      if (error === null) recorder.answer(sent, doneMs, answer);
      else recorder.failure(error, doneMs);
      if (this.#isStopped && this.#underWay === 0) this.#resolve();
    });
  }

  #stopAtCap(nowMs: number): void {
    const { recorder } = this.#options;
    const reason = `${this.#underWay} requests were under way, which is as many as are let be`;
    recorder.overload(reason);
    recorder.end(nowMs);
    this.#stop();
  }

  /** All was sent; the window ends at its own time, and outcomes are awaited. */
  #finishSending(nowMs: number): void {
    const { recorder, task } = this.#options;
    const endMs = this.#options.startMs + task.runUpMs + task.seconds * 1000;
    if (recorder.isOver(nowMs)) this.#stop();
    else {
      setTimeout(
        () => {
          recorder.isOver(performance.now());
          this.#stop();
        },
        endMs - nowMs + 1,
      );
    }
  }

  #stop(): void {
    const { recorder, task } = this.#options;
    recorder.giveUpOn(task.dueMs.length - this.#next);
    this.#isStopped = true;
    if (this.#underWay === 0) this.#resolve();
  }
}
