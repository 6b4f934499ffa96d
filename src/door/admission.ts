import { HarnessError } from "../errors.ts";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import type { Arrival, Desk } from "./desk.ts";
import type { CallContext, DoorLimits, Retriever } from "./retriever.ts";
import { StageTimes } from "./stage-times.ts";
import type { SystemStats } from "./stats.ts";
import { addCounters, trafficCounters } from "./traffic.ts";

/** Time inside the system, from admission to the answer, as the door sees it. */
const STAGE = "door.retrieve";

/**
 * What stands between both doors (gRPC and HTTP) and the retriever: at most `maxInFlight` requests
 * are inside at once and the next is refused at once, so that overload shows as errors, never as
 * an unbounded queue. It also counts what came and what became of it.
 */
export class Admission implements Desk {
  #limits: DoorLimits;
  readonly #retriever: Retriever;
  readonly #times = new StageTimes();
  readonly #counters = { requests: 0, answers: 0, bad: 0, refused: 0, expired: 0, failed: 0 };
  #inFlight = 0;

  constructor(retriever: Retriever, limits: DoorLimits) {
    this.#retriever = retriever;
    this.#limits = limits;
  }

  get limits(): DoorLimits {
    return this.#limits;
  }

  /** For a system whose catalogue has changed: what is asked from now on is held to these. */
  setLimits(limits: DoorLimits): void {
    this.#limits = limits;
  }

  /**
   * Answers one request. Once its deadline has passed nobody waits for the answer any more; its
   * place inside is free again only when the retriever is done with it.
   * @param read Makes the request of what came over the wire; what it throws is counted too.
   * @throws HarnessError OVERLOADED if the system is full, DEADLINE.
   */
  async retrieve(read: () => Arrival): Promise<Answer> {
    this.#counters.requests++;
    try {
      const { request, deadlineMs } = read();
      this.#enter();
      const answered = this.#inside(request, { deadlineMs });
      const answer = await (deadlineMs === Infinity ? answered : within(answered, deadlineMs));
      this.#counters.answers++;
      return answer;
    } catch (thrown) {
      throw this.#count(HarnessError.from(thrown));
    }
  }

  /**
   * The retriever's stats and the door's own.
   * @param inside What to tell in place of the retriever's.
   */
  async stats(inside = this.#retriever.stats()): Promise<SystemStats> {
    const stats = await inside;
    const own = Object.entries(this.#counters).map(([name, n]) => [`door.${name}`, n] as const);
    return {
      ...stats,
      stages: new Map([...this.#times.encode(), ...stats.stages]),
      counters: addCounters([
        new Map([...own, ["door.in_flight", this.#inFlight]]),
        trafficCounters(),
        stats.counters,
      ]),
    };
  }

  #enter(): void {
    const { maxInFlight } = this.limits;
    if (this.#inFlight >= maxInFlight) {
      throw new HarnessError(
        "OVERLOADED",
        `${maxInFlight} requests are in flight, which is as many as are let in`,
        { hint: "send fewer at once, or raise maxInFlight" },
      );
    }
    this.#inFlight++;
  }

  async #inside(request: RetrievalRequest, context: CallContext): Promise<Answer> {
    const startMs = performance.now();
    try {
      return await this.#retriever.retrieve(request, context);
    } finally {
      this.#inFlight--;
      this.#times.record(STAGE, performance.now() - startMs);
    }
  }

  #count(error: HarnessError): HarnessError {
    if (error.code === "BAD_INPUT") this.#counters.bad++;
    else if (error.code === "OVERLOADED") this.#counters.refused++;
    else if (error.code === "DEADLINE") this.#counters.expired++;
    else this.#counters.failed++;
    return error;
  }
}

/** The answer, or DEADLINE once the time is up. */
async function within<T>(answer: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    const text = "the deadline passed before the answer was there";
    const waitMs = Math.min(deadlineMs - performance.now(), LONGEST_TIMER_MS);
    timer = setTimeout(() => reject(new HarnessError("DEADLINE", text)), waitMs);
  });
  try {
    return await Promise.race([answer, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** What setTimeout can take. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
