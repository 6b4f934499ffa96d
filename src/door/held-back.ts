import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import type { CallContext, Retriever } from "./retriever.ts";
import type { SystemStats } from "./stats.ts";

/** A retriever whose answers can be made to come late on purpose. */
export class HeldBack implements Retriever {
  readonly #retriever: Retriever;
  #ms = 0;

  constructor(retriever: Retriever) {
    this.#retriever = retriever;
  }

  /** Every answer from now on comes so many milliseconds later; 0: none does. */
  holdBack(ms: number): void {
    this.#ms = ms;
  }

  retrieve(request: RetrievalRequest, context: CallContext): Promise<Answer> {
    const answered = this.#retriever.retrieve(request, context);
    const ms = this.#ms;
    return ms === 0 ? answered : answered.then((answer) => sleep(ms, answer));
  }

  stats(): Promise<SystemStats> {
    return this.#retriever.stats();
  }
}
