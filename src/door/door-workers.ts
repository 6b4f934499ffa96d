import type { AddressInfo, Server, Socket } from "node:net";
import type { HarnessError } from "../errors.ts";
import { builtFile } from "../process/built-file.ts";
import { fromFailureMessage, toFailureMessage } from "../process/failure-message.ts";
import { ServiceProcess } from "../process/service-process.ts";
import type { Admission } from "./admission.ts";
import { type ConnectionTaker, dealOut, type DoorName } from "./deal-out.ts";
import type { Desk } from "./desk.ts";
import { listen } from "./listen.ts";
import { Outbox } from "./outbox.ts";
import { PendingReplies } from "./pending-replies.ts";
import { answerColumns, asksOf, type NumberedAnswer } from "./relay-columns.ts";
import {
  DOOR_ROLE,
  type DoorWorkerConfig,
  type FromWorker,
  type RelayedAsk,
  type RelayedFailure,
  type ToWorker,
  type WorkerUsage,
} from "./relay-message.ts";
import type { DoorLimits } from "./retriever.ts";
import type { SystemStats } from "./stats.ts";
import type { ServerTls } from "../process/tls.ts";
import { addCounters } from "./traffic.ts";

export interface DoorWorkersOptions {
  readonly admission: Admission;
  /** How many processes. */
  readonly count: number;
  readonly host: string;
  readonly ports: { readonly grpc: number; readonly http: number };
  readonly tls: ServerTls | null;
  /** Called when one ends without having been stopped: its callers are cut off. */
  readonly onDied: (error: HarnessError) => void;
}

/**
 * A front door in several processes. This one takes the connections in and deals them out in
 * turn; the workers do all of gRPC, HTTP and the coding of messages, which in Node costs more CPU
 * a request than a batched engine does. Connections cannot be handed to threads, hence processes;
 * a caller gains only if it has several connections.
 */
export class DoorWorkers implements AsyncDisposable {
  readonly #admission: Admission;
  readonly #workers: readonly DoorWorker[];
  readonly #servers: readonly Server[];
  readonly grpcPort: number;
  readonly httpPort: number;

  private constructor(
    admission: Admission,
    workers: readonly DoorWorker[],
    servers: readonly [grpc: Server, http: Server],
  ) {
    this.#admission = admission;
    this.#workers = workers;
    this.#servers = servers;
    this.grpcPort = portOf(servers[0]);
    this.httpPort = portOf(servers[1]);
  }

  /** @throws HarnessError BAD_INPUT naming the port if one is in use; nothing is left then. */
  static async open(options: DoorWorkersOptions): Promise<DoorWorkers> {
    const { admission, count, host, ports, tls, onDied } = options;
    const workers: DoorWorker[] = [];
    const desk: Desk = {
      get limits() {
        return admission.limits;
      },
      retrieve: (read) => admission.retrieve(read),
      stats: () => withProcesses(admission.stats(), workers),
    };
    const servers: [Server, Server] = [dealOut(workers, "grpc"), dealOut(workers, "http")];
    try {
      const started = await Promise.allSettled(
        Array.from({ length: count }, () => DoorWorker.start(desk, tls, onDied)),
      );
      for (const one of started) if (one.status === "fulfilled") workers.push(one.value);
      for (const one of started) if (one.status === "rejected") throw one.reason;
      await listen(servers[0], { host, port: ports.grpc, protocol: "gRPC" });
      await listen(servers[1], { host, port: ports.http, protocol: "HTTP" });
    } catch (error) {
      for (const server of servers) server.close();
      await stopAll(workers);
      throw error;
    }
    return new DoorWorkers(admission, workers, servers);
  }

  get processes(): readonly { readonly pid: number; readonly role: string }[] {
    return this.#workers.map(({ pid }) => ({ pid, role: DOOR_ROLE }));
  }

  setLimits(limits: DoorLimits): void {
    this.#admission.setLimits(limits);
    for (const worker of this.#workers) worker.setLimits(limits);
  }

  /** Takes in no more connections, and finishes what is in flight. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close();
    await stopAll(this.#workers);
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function withProcesses(
  stats: Promise<SystemStats>,
  workers: readonly DoorWorker[],
): Promise<SystemStats> {
  const doors = await Promise.all(workers.map((worker) => worker.usage()));
  const system = await stats;
  return {
    ...system,
    processes: [...system.processes, ...doors.map(({ process }) => process)],
    counters: addCounters([system.counters, ...doors.map(({ counters }) => counters)]),
  };
}

async function stopAll(workers: readonly DoorWorker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
}

/** One worker's process, as the process of the engine sees it. */
class DoorWorker implements AsyncDisposable, ConnectionTaker {
  /** Where one is not, its system has ended. */
  readonly isThere = true;
  readonly #process: ServiceProcess<object>;
  readonly #desk: Desk;
  readonly #answers: Outbox<NumberedAnswer>;
  readonly #failures: Outbox<RelayedFailure>;
  readonly #usages = new PendingReplies<WorkerUsage>();

  private constructor(process: ServiceProcess<object>, desk: Desk) {
    this.#process = process;
    this.#desk = desk;
    this.#answers = new Outbox((answers) =>
      this.#post({ type: "answers", answers: answerColumns(answers) }),
    );
    this.#failures = new Outbox((failures) => this.#post({ type: "failures", failures }));
    process.onMessage((message) => this.#receive(message as FromWorker));
  }

  static async start(
    desk: Desk,
    tls: ServerTls | null,
    onDied: (error: HarnessError) => void,
  ): Promise<DoorWorker> {
    const started = await ServiceProcess.start<DoorWorkerConfig, object>({
      file: builtFile(import.meta.url, "./door-worker.js"),
      role: DOOR_ROLE,
      config: { limits: desk.limits, tls },
      // It inherits the CPUs of this process.
      cpus: null,
      signal: new AbortController().signal,
    });
    void started.died.then(onDied);
    return new DoorWorker(started, desk);
  }

  get pid(): number {
    return this.#process.pid;
  }

  take(socket: Socket, door: DoorName): void {
    const message: ToWorker = { type: "connection", door };
    this.#process.send(message, socket);
  }

  setLimits(limits: DoorLimits): void {
    this.#post({ type: "limits", limits });
  }

  usage(): Promise<WorkerUsage> {
    return this.#usages.ask((id) => this.#post({ type: "usage", id }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }

  #post(message: ToWorker): void {
    this.#process.send(message);
  }

  #receive(message: FromWorker): void {
    if (message.type === "asks") for (const ask of asksOf(message.asks)) void this.#answer(ask);
    else if (message.type === "stats") void this.#tellStats(message.id);
    else if (message.type === "usage") this.#usages.resolve(message.id, message);
    else {
      const refuse = (): never => {
        throw fromFailureMessage(message.error, DOOR_ROLE);
      };
      // It has been refused already; this counts it.
      this.#desk.retrieve(refuse).catch(() => {});
    }
  }

  async #answer({ id, request, deadlineEpochMs }: RelayedAsk): Promise<void> {
    const deadlineMs = deadlineEpochMs - performance.timeOrigin;
    try {
      const answer = await this.#desk.retrieve(() => ({ request, deadlineMs }));
      this.#answers.push({ id, answer });
    } catch (thrown) {
      this.#failures.push({ id, error: withoutStack(thrown) });
    }
  }

  async #tellStats(id: number): Promise<void> {
    try {
      this.#post({ type: "stats", id, stats: await this.#desk.stats() });
    } catch (thrown) {
      this.#post({ type: "stats", id, error: toFailureMessage(thrown) });
    }
  }
}

/** Stacks are long, and overload makes many errors that nobody prints. */
function withoutStack(thrown: unknown): ReturnType<typeof toFailureMessage> {
  const { stack: _, ...error } = toFailureMessage(thrown);
  return error;
}
