import type { MessagePort } from "node:worker_threads";
import type { CallContext } from "../../src/door/retriever.ts";
import { HarnessError } from "../../src/errors.ts";
import {
  type FailureMessage,
  fromFailureMessage,
  toFailureMessage,
} from "../../src/process/failure-message.ts";

// Calls of a service in another thread. Arrays are copied, so that neither side must give any up.

interface CallMessage {
  readonly id: number;
  readonly method: string;
  readonly query: unknown;
  /** Milliseconds since the epoch, for each thread counts its own from its start. */
  readonly deadline: number;
}

type ReplyMessage =
  | {
      readonly id: number;
      readonly answer: unknown;
      /** Errors that stand in the place of an answer, by their position in the batch. */
      readonly faults: readonly (readonly [at: number, failure: FailureMessage])[];
    }
  | { readonly id: number; readonly failure: FailureMessage };

/** A method of a service: what is asked and the caller's time. */
export type ThreadMethod = (query: never, context: CallContext) => Promise<unknown>;

/** Answers the calls that come through a port. */
export function answerCalls(
  port: MessagePort,
  methods: Readonly<Record<string, ThreadMethod>>,
): void {
  const answer = async ({ id, method, query, deadline }: CallMessage): Promise<ReplyMessage> => {
    try {
      const deadlineMs = deadline - performance.timeOrigin;
      if (deadlineMs <= performance.now()) {
        throw new HarnessError("DEADLINE", "the deadline had passed on arrival");
      }
      return packed(id, await methods[method]!(query as never, { deadlineMs }));
    } catch (thrown) {
      return { id, failure: toFailureMessage(thrown) };
    }
  };
  port.on("message", (call: CallMessage) => {
    void answer(call).then((reply) => port.postMessage(reply));
  });
}

function packed(id: number, answer: unknown): ReplyMessage {
  if (!Array.isArray(answer)) return { id, answer, faults: [] };
  const faults: [number, FailureMessage][] = [];
  const whole = answer.map((one: unknown, at) => {
    if (!(one instanceof HarnessError)) return one;
    faults.push([at, toFailureMessage(one)]);
    return null;
  });
  return { id, answer: whole, faults };
}

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: HarnessError) => void;
}

/** The caller's end of a port. */
export class ThreadCaller {
  readonly #port: MessagePort;
  /** The word for the service in errors. */
  readonly #role: string;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(port: MessagePort, role: string) {
    this.#port = port;
    this.#role = role;
    port.on("message", (reply: ReplyMessage) => this.#settle(reply));
  }

  /** @throws HarnessError as the service gave it; DEADLINE where no time was left. */
  call<Answer>(method: string, query: unknown, { deadlineMs }: CallContext): Promise<Answer> {
    const id = ++this.#lastId;
    const deadline = deadlineMs + performance.timeOrigin;
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#port.postMessage({ id, method, query, deadline } satisfies CallMessage);
    }) as Promise<Answer>;
  }

  /** Calls under way are rejected. */
  close(): void {
    this.#port.close();
    for (const { reject } of this.#pending.values()) {
      reject(new HarnessError("UNAVAILABLE", `the ${this.#role} service was stopped`));
    }
    this.#pending.clear();
  }

  #settle(reply: ReplyMessage): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ("failure" in reply) {
      pending?.reject(fromFailureMessage(reply.failure, this.#role));
      return;
    }
    const answers = reply.answer as unknown[];
    for (const [at, failure] of reply.faults) answers[at] = fromFailureMessage(failure, this.#role);
    pending?.resolve(reply.answer);
  }
}
