import { HarnessError } from "../errors.ts";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import type { CallContext, DoorLimits, Retriever } from "./retriever.ts";
import { StageTimes } from "./stage-times.ts";
import type { SystemStats } from "./stats.ts";

/** Time inside the system, from admission to the answer, as the door sees it. */
const STAGE = "door.retrieve";

/**
 * What stands between both doors (gRPC and HTTP) and the retriever: at most `maxInFlight` requests
 * are inside at once and the next is refused at once, so that overload shows as errors, never as
 * an unbounded queue. It also counts what came and what became of it.
 */
export class Admission {
  readonly limits: DoorLimits;
  readonly #retriever: Retriever;
  readonly #times = new StageTimes();
  readonly #counters = { requests: 0, answers: 0, bad: 0, refused: 0, expired: 0, failed: 0 };
  #inFlight = 0;

  constructor(retriever: Retriever, limits: DoorLimits) {
    this.#retriever = retriever;
    this.limits = limits;
  }

  /**
   * Answers one request.
   * @param read Makes the request from what came over the wire; what it throws counts as bad input.
   * @throws HarnessError OVERLOADED if the system is full.
   */
  async retrieve(read: () => RetrievalRequest, context: CallContext): Promise<Answer> {
    this.#counters.requests++;
    try {
      const request = read();
      this.#enter();
      const startMs = performance.now();
      try {
        const answer = await this.#retriever.retrieve(request, context);
        this.#counters.answers++;
        return answer;
      } finally {
        this.#inFlight--;
        this.#times.record(STAGE, performance.now() - startMs);
      }
    } catch (thrown) {
      throw this.#count(HarnessError.from(thrown));
    }
  }

  /** The retriever's stats and the door's own. */
  async stats(): Promise<SystemStats> {
    const stats = await this.#retriever.stats();
    const own = Object.entries(this.#counters).map(([name, n]) => [`door.${name}`, n] as const);
    return {
      ...stats,
      stages: new Map([...this.#times.encode(), ...stats.stages]),
      counters: new Map([...own, ["door.in_flight", this.#inFlight], ...stats.counters]),
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

  #count(error: HarnessError): HarnessError {
    if (error.code === "BAD_INPUT") this.#counters.bad++;
    else if (error.code === "OVERLOADED") this.#counters.refused++;
    else if (error.code === "DEADLINE") this.#counters.expired++;
    else this.#counters.failed++;
    return error;
  }
}
