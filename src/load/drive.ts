import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { answerFromJson, requestToJson } from "../door/http-json.ts";
import { answerFromBytes, requestToBytes } from "../door/retrieval-service.ts";
import { HarnessError } from "../errors.ts";
import { builtFile } from "../process/built-file.ts";
import { fromFailureMessage } from "../process/failure-message.ts";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import type { LoadSpec } from "../scenario/schema.ts";
import type { LoadTask } from "./load-task.ts";
import type { LoadMessage } from "./load-worker.ts";
import { type Observations, type RawObservations, toObservations } from "./observations.ts";
import { requestBytes } from "./request-bytes.ts";

export interface DriveOptions {
  readonly system: { readonly address: string; readonly httpAddress: string | null };
  readonly load: LoadSpec;
  readonly requests: readonly RetrievalRequest[];
  /** Index of the first request in the walk, which wraps around. */
  readonly startAt: number;
  /** Length of the measured window. */
  readonly seconds: number;
  /** How long a request may take before it counts as an error. */
  readonly requestTimeoutMs: number;
  readonly signal: AbortSignal;
}

const toJsonBytes = (request: RetrievalRequest): Buffer => Buffer.from(requestToJson(request));
const fromJsonBytes = (bytes: Buffer): Answer => answerFromJson(bytes.toString());

/**
 * Drives a load onto a system, in a thread of its own. Ends promptly, with the errors counted, if
 * the system cannot be reached any more.
 * @throws HarnessError UNAVAILABLE if the system does not serve when it starts, BAD_INPUT if the
 *   load needs a door that the system lacks; the signal's reason if it was aborted.
 */
export async function drive(options: DriveOptions): Promise<Observations> {
  const { requests, signal } = options;
  signal.throwIfAborted();
  if (requests.length === 0) throw new HarnessError("BAD_INPUT", "there are no requests to send");
  const isHttp = options.load.shape === "http";
  const encoded = await requestBytes(requests, isHttp ? toJsonBytes : requestToBytes);
  const { startAt, seconds, requestTimeoutMs } = options;
  const task: LoadTask = {
    requests: encoded,
    startAt,
    seconds,
    requestTimeoutMs,
    ...target(options),
  };
  const raw = await inWorker(task, signal);
  return toObservations(raw, isHttp ? fromJsonBytes : answerFromBytes);
}

type Target =
  | { shape: "closed"; address: string; inFlight: number }
  | { shape: "http"; httpAddress: string; connections: number };

function target({ load, system }: DriveOptions): Target {
  switch (load.shape) {
    case "closed":
      return { shape: "closed", address: system.address, inFlight: load.inFlight };
    case "http":
      if (system.httpAddress === null) {
        throw new HarnessError("BAD_INPUT", "an http load needs a system with an HTTP door", {
          hint: "choose the closed load, which speaks gRPC",
        });
      }
      return {
        shape: "http",
        httpAddress: system.httpAddress,
        connections: load.connections,
      };
  }
}

async function inWorker(task: LoadTask, signal: AbortSignal): Promise<RawObservations> {
  const worker = new Worker(builtFile(import.meta.url, "./load-worker.js"), { workerData: task });
  try {
    const [message] = (await once(worker, "message", { signal })) as [LoadMessage];
    if (message.type === "failed") throw fromFailureMessage(message.error, "load");
    return message.observed;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await worker.terminate();
  }
}
