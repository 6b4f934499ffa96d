import { HarnessError } from "../errors.ts";
import { fromFailureMessage, toFailureMessage } from "../process/failure-message.ts";
import type { Answer } from "../retrieval/request.ts";
import type { Arrival, Desk } from "./desk.ts";
import { Outbox } from "./outbox.ts";
import { PendingReplies } from "./pending-replies.ts";
import { answersOf, askColumns } from "./relay-columns.ts";
import type { FromWorker, RelayedAsk, ToWorker } from "./relay-message.ts";
import type { DoorLimits } from "./retriever.ts";
import type { SystemStats } from "./stats.ts";

/** The desk of a door worker: what is well-formed goes on to the process of the engine. */
export class RelayDesk implements Desk {
  readonly #post: (message: FromWorker) => void;
  readonly #asks: Outbox<RelayedAsk>;
  readonly #answers = new PendingReplies<Answer>();
  readonly #stats = new PendingReplies<SystemStats>();
  #limits: DoorLimits;

  constructor(limits: DoorLimits, post: (message: FromWorker) => void) {
    this.#limits = limits;
    this.#post = post;
    this.#asks = new Outbox((asks) => post({ type: "asks", asks: askColumns(asks) }));
  }

  get limits(): DoorLimits {
    return this.#limits;
  }

  async retrieve(read: () => Arrival): Promise<Answer> {
    let arrival: Arrival;
    try {
      arrival = read();
    } catch (thrown) {
      this.#post({ type: "bad", error: toFailureMessage(thrown) });
      throw HarnessError.from(thrown);
    }
    const { request, deadlineMs } = arrival;
    const deadlineEpochMs = performance.timeOrigin + deadlineMs;
    return await this.#answers.ask((id) => this.#asks.push({ id, request, deadlineEpochMs }));
  }

  stats(): Promise<SystemStats> {
    return this.#stats.ask((id) => this.#post({ type: "stats", id }));
  }

  /** Takes what the process of the engine sends, but for connections. */
  receive(message: ToWorker): void {
    if (message.type === "answers") {
      for (const { id, answer } of answersOf(message.answers)) this.#answers.resolve(id, answer);
    } else if (message.type === "failures") {
      for (const { id, error } of message.failures) this.#answers.reject(id, withoutSender(error));
    } else if (message.type === "limits") this.#limits = message.limits;
    else if (message.type === "stats") {
      if ("stats" in message) this.#stats.resolve(message.id, message.stats);
      else this.#stats.reject(message.id, fromFailureMessage(message.error, SENDER));
    }
  }
}

const SENDER = "engine";

/** A caller of the door must not see that there are several processes behind it. */
function withoutSender(error: Parameters<typeof fromFailureMessage>[0]): HarnessError {
  const { code, message, hint, where } = error;
  return new HarnessError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(where === undefined ? {} : { where }),
  });
}
