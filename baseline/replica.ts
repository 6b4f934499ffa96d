import { setTimeout as sleep } from "node:timers/promises";
import type { GrpcClient } from "../src/door/grpc-client.ts";
import type { CallContext } from "../src/door/retriever.ts";
import { HarnessError } from "../src/errors.ts";

/** What a caller keeps of its time for itself, so that it can still say what went wrong. */
const MARGIN_MS = 2;

/** Calls in a row without an answer in time after which a replica counts as hung. */
const HUNG_AFTER = 5;

/** Between two looks at whether a replica that was left out is back. */
const LOOK_AGAIN_MS = 250;

/**
 * One copy of a service, as its caller sees it. It is out once it cannot be reached, or missed
 * deadline after deadline, until its health says that it is serving.
 */
export class Replica {
  readonly client: GrpcClient;
  readonly #closed: AbortSignal;
  #inFlight = 0;
  /** Deadlines missed in a row. */
  #missed = 0;
  #isOut = false;

  /** @param closed Aborted once nobody calls it any more. */
  constructor(client: GrpcClient, closed: AbortSignal) {
    this.client = client;
    this.#closed = closed;
  }

  get isOut(): boolean {
    return this.#isOut;
  }

  /** The lower, the sooner it is chosen: one that is out only where there is no other. */
  get rank(): number {
    return this.#isOut ? Infinity : this.#inFlight;
  }

  /** One call, with what is left of the caller's time less a margin. */
  async call<Res>(
    method: string,
    request: object,
    { deadlineMs }: CallContext,
    signal?: AbortSignal,
  ): Promise<Res> {
    const timeoutMs =
      deadlineMs === Infinity ? Infinity : deadlineMs - performance.now() - MARGIN_MS;
    if (timeoutMs <= 0) throw new HarnessError("DEADLINE", `no time is left to call ${method}`);
    this.#inFlight++;
    try {
      const response = await this.client.call<object, Res>(method, request, {
        timeoutMs,
        ...(signal === undefined ? {} : { signal }),
      });
      this.#missed = 0;
      return response;
    } finally {
      this.#inFlight--;
    }
  }

  /** Tells it what became of a call that somebody still waited for. */
  note(error: unknown): void {
    if (isLost(error)) this.#leaveOut();
    else if (error instanceof HarnessError && error.code === "DEADLINE") {
      this.#missed++;
      if (this.#missed >= HUNG_AFTER) this.#leaveOut();
    }
  }

  #leaveOut(): void {
    if (this.#isOut) return;
    this.#isOut = true;
    void this.#awaitReturn();
  }

  async #awaitReturn(): Promise<void> {
    const signal = this.#closed;
    while (!signal.aborted) {
      try {
        await sleep(LOOK_AGAIN_MS, undefined, { signal, ref: false });
        // Asks once: there is no time for a second look.
        await this.client.waitUntilServing(0, signal);
        this.#missed = 0;
        this.#isOut = false;
        return;
      } catch {
        // Not yet; or closed, which the loop sees.
      }
    }
  }
}

/** Never reached a service, or lost the connection to it. */
export function isLost(error: unknown): boolean {
  return error instanceof HarnessError && error.code === "UNAVAILABLE";
}
