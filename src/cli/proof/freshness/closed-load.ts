import type { DoorClient } from "../../../door/client.ts";
import { HarnessError } from "../../../errors.ts";
import { driveFrom } from "../../../load/drive.ts";
import { LoadThreads } from "../../../load/load-threads.ts";
import { clientFaults } from "../../../measure/validity.ts";
import type { RetrievalRequest } from "../../../retrieval/request.ts";
import type { System } from "../../../system.ts";
import type { FreshnessSize } from "./freshness-size.ts";

const TIMEOUT_MS = 60_000;
/** At most as many as in a run: a CPU each, and one for what collects their answers. */
const MOST_THREADS = 4;
const CONNECTIONS = 4;

/** What one block of load came to. */
export interface Block {
  readonly perSecond: number;
  /** Of the model's processes, all threads: what is left of the truth on a machine with other work. */
  readonly cpuMs: number;
  /** Why the load was the narrow place; empty: it was not. */
  readonly faults: readonly string[];
}

/** The closed load, from threads of its own. */
export class ClosedLoad implements AsyncDisposable {
  readonly #threads = new LoadThreads();
  readonly #requests: readonly RetrievalRequest[];
  readonly #size: FreshnessSize;
  readonly threads: number;

  /** @param cpus that it has to itself. */
  constructor(requests: readonly RetrievalRequest[], size: FreshnessSize, cpus: number) {
    this.#requests = requests;
    this.#size = size;
    this.threads = Math.max(1, Math.min(MOST_THREADS, cpus - 1));
  }

  /** All of it counts, the first answers and those after its end too, for an update may hold up any. */
  async drive(system: System, door: DoorClient): Promise<Block> {
    const { inFlight, seconds } = this.#size;
    const cpuBefore = await cpuSeconds(door);
    let startedMs = 0;
    const observed = await driveFrom(this.#threads, {
      system,
      load: { shape: "closed", inFlight, client: "lean", connections: CONNECTIONS },
      requests: this.#requests,
      startAt: 0,
      seconds,
      requestTimeoutMs: TIMEOUT_MS,
      threads: this.threads,
      onStart: (startMs) => (startedMs = startMs),
      signal: new AbortController().signal,
    });
    const ms = performance.now() - startedMs;
    const { answered, errors, client, latency } = observed;
    for (const [code, { count, example }] of errors) {
      throw new HarnessError("INVALID", `${count} requests failed, ${code}: ${example}`);
    }
    return {
      perSecond: (answered / ms) * 1000,
      cpuMs: (1000 * ((await cpuSeconds(door)) - cpuBefore)) / answered,
      faults: clientFaults(client, latency.quantile(0.99) / 1000, "loop"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }
}

/** Of all processes of a system, since they started. */
export async function cpuSeconds(door: DoorClient): Promise<number> {
  const { processes } = await door.stats();
  return processes.reduce((sum, process) => sum + process.cpuSeconds, 0);
}
