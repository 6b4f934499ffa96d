import { Batcher } from "../src/door/batcher.ts";
import { ownProcessStats } from "../src/door/own-process.ts";
import type { CallContext, Retriever } from "../src/door/retriever.ts";
import { StageTimes } from "../src/door/stage-times.ts";
import type { SystemStats } from "../src/door/stats.ts";
import type { Answer, RetrievalRequest } from "../src/retrieval/request.ts";
import type { OnnxEngine } from "./engine/onnx-engine.ts";
import type { EngineAnswer, EngineQuery } from "./engine/query.ts";
import type { RequestReader } from "./engine/request-reader.ts";

export interface RetrieverOptions {
  readonly engine: OnnxEngine;
  readonly reader: RequestReader;
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  readonly maxInFlight: number;
}

/** What stands behind the model's front door: requests are read, batched and answered by the engine. */
export class ModelRetriever implements Retriever {
  readonly #reader: RequestReader;
  readonly #batcher: Batcher<EngineQuery, EngineAnswer>;
  readonly #stages = new StageTimes();
  #requests = 0;

  constructor({ engine, reader, maxBatch, maxWaitMs, maxInFlight }: RetrieverOptions) {
    this.#reader = reader;
    this.#batcher = new Batcher({
      maxBatch,
      maxWaitMs,
      maxQueued: maxInFlight,
      run: (batch) => this.#stages.time("model.run", () => engine.answer(batch)),
    });
  }

  async retrieve(request: RetrievalRequest, { deadlineMs }: CallContext): Promise<Answer> {
    this.#requests++;
    const startMs = performance.now();
    const query = this.#reader.read(request);
    this.#stages.record("model.plan", performance.now() - startMs);
    const { rows, values } = await this.#batcher.submit(query, deadlineMs);
    return { ids: this.#reader.idsOf(rows), values, partial: false };
  }

  stats(): Promise<SystemStats> {
    return Promise.resolve({
      processes: [ownProcessStats("model")],
      devices: [],
      stages: new Map([...this.#stages.encode(), ["model.queue", this.#batcher.waits.encode()]]),
      batchSizes: this.#batcher.sizes.encode(),
      counters: new Map([["requests", this.#requests]]),
    });
  }
}
