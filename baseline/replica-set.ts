import { setTimeout as sleep } from "node:timers/promises";
import { connectGrpc, type GrpcClient } from "../src/door/grpc-client.ts";
import type { CallContext } from "../src/door/retriever.ts";
import type { ClientTls } from "../src/process/tls.ts";
import { callStats, MESH_PROTO } from "./mesh-wire.ts";
import { isLost, Replica } from "./replica.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { ServiceStats } from "./services.ts";

/** What a caller counts, and tells with what it was told by those it calls. */
const CALLER_COUNTERS = ["mesh.retries", "mesh.hedges"] as const;

/** Of what a set of copies told, the part that is its caller's. */
export const callersOf = (counters: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
  new Map(CALLER_COUNTERS.map((name) => [name, counters.get(name) ?? 0]));

/** They listen already when they are connected to; this is for a machine under load. */
const SERVING_WITHIN_MS = 10_000;

export interface ReplicaOptions {
  /**
   * A call that has no answer after so many milliseconds goes to another copy too, within the
   * budget of retries; the first answer counts. null or absent: never.
   */
  readonly hedgeAfterMs?: number | null;
  /** How long a copy may take to serve; absent: ten seconds. */
  readonly servingWithinMs?: number;
  /** null or absent: without. */
  readonly tls?: ClientTls | null;
}

/**
 * Copies of one service. A call goes to the copy with the fewest under way, in turn where they are
 * equal. One that cannot be reached, or that misses deadline after deadline, is left out until it
 * is healthy again; a call that it lost goes to another one, within a budget. All calls of the mesh
 * only read, so repeating one does no harm.
 */
export class ReplicaSet {
  readonly #replicas: readonly Replica[];
  readonly #budget = new RetryBudget();
  readonly #closed = new AbortController();
  readonly #hedgeAfterMs: number | null;
  #turn = 0;
  #retries = 0;
  #hedges = 0;

  private constructor(clients: readonly GrpcClient[], hedgeAfterMs: number | null) {
    this.#hedgeAfterMs = clients.length > 1 ? hedgeAfterMs : null;
    this.#replicas = clients.map((client) => new Replica(client, this.#closed.signal));
  }

  /**
   * Connects to copies of a service of mesh.proto.
   * @param addresses host:port of each, at least one.
   * @throws HarnessError UNAVAILABLE naming one that is not serving.
   */
  static async connect(
    addresses: readonly string[],
    service: string,
    { tls = null, hedgeAfterMs = null, servingWithinMs = SERVING_WITHIN_MS }: ReplicaOptions = {},
  ): Promise<ReplicaSet> {
    const clients = addresses.map((address) =>
      connectGrpc({ address, protoFile: MESH_PROTO, service, tls }),
    );
    const set = new ReplicaSet(clients, hedgeAfterMs);
    const { signal } = set.#closed;
    try {
      await Promise.all(clients.map((one) => one.waitUntilServing(servingWithinMs, signal)));
    } catch (error) {
      set.close();
      throw error;
    }
    return set;
  }

  /** One a copy. */
  get clients(): readonly GrpcClient[] {
    return this.#replicas.map(({ client }) => client);
  }

  /** Calls that were tried again. */
  get retries(): number {
    return this.#retries;
  }

  /** Calls that went to a second copy because the first one was slow. */
  get hedges(): number {
    return this.#hedges;
  }

  /**
   * One call, with what is left of the caller's time less a margin.
   * @throws HarnessError as the service gave it; UNAVAILABLE if no copy could be asked.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a call states both messages
  async call<Req extends object, Res>(
    method: string,
    request: Req,
    context: CallContext,
  ): Promise<Res> {
    const tried = new Set<Replica>();
    const ask = (signal?: AbortSignal): Promise<Res> =>
      this.#askNext<Res>(tried, method, request, context, signal);
    for (;;) {
      try {
        return await (this.#hedgeAfterMs === null
          ? ask()
          : this.#hedged(ask, this.#hedgeAfterMs, tried));
      } catch (error) {
        if (!isLost(error) || !this.#mayRepeat(tried)) throw error;
        this.#retries++;
      }
    }
  }

  /** Of each copy; one that is left out has none. */
  async stats(): Promise<readonly ServiceStats[]> {
    const reachable = this.#replicas.filter(({ isOut }) => !isOut);
    const stats = (await Promise.all(reachable.map(({ client }) => callStats(client)))).flat();
    const retries = new Map([
      [CALLER_COUNTERS[0], this.#retries],
      [CALLER_COUNTERS[1], this.#hedges],
    ]);
    // A caller's counter, told with the first of those it calls.
    return stats.map((one, at) =>
      at > 0 ? one : { ...one, counters: new Map([...one.counters, ...retries]) },
    );
  }

  close(): void {
    this.#closed.abort();
    for (const { client } of this.#replicas) client.close();
  }

  #mayRepeat(tried: ReadonlySet<Replica>): boolean {
    return tried.size < this.#replicas.length && this.#budget.allows;
  }

  /** Asks one that has not been tried. */
  async #askNext<Res>(
    tried: Set<Replica>,
    method: string,
    request: object,
    context: CallContext,
    signal?: AbortSignal,
  ): Promise<Res> {
    const replica = this.#pick(tried);
    tried.add(replica);
    try {
      const response = await replica.call<Res>(method, request, context, signal);
      this.#budget.succeeded();
      return response;
    } catch (error) {
      if (signal?.aborted !== true) {
        if (isLost(error)) this.#budget.failed();
        replica.note(error);
      }
      throw error;
    }
  }

  /** Asks a second copy where the first is slow; whichever answers first ends the other call. */
  async #hedged<Res>(
    ask: (signal: AbortSignal) => Promise<Res>,
    afterMs: number,
    tried: ReadonlySet<Replica>,
  ): Promise<Res> {
    const done = new AbortController();
    const first = ask(done.signal);
    try {
      const waited = sleep(afterMs, SLOW, { signal: done.signal, ref: false });
      const soon = await Promise.race([first, waited]);
      if (soon !== SLOW) return soon;
      if (!this.#mayRepeat(tried)) return await first;
      this.#hedges++;
      this.#budget.failed();
      return await Promise.any([first, ask(done.signal)]);
    } catch (error) {
      throw error instanceof AggregateError ? error.errors[0] : error;
    } finally {
      // The other call, or the timer, learns that nobody waits; what it says to that is not heard.
      first.catch(() => {});
      done.abort();
    }
  }

  /** The least busy of those not yet tried; of those left out only if there is no other. */
  #pick(tried: ReadonlySet<Replica>): Replica {
    const count = this.#replicas.length;
    this.#turn = (this.#turn + 1) % count;
    let best: Replica | null = null;
    for (let step = 0; step < count; step++) {
      const one = this.#replicas[(this.#turn + step) % count]!;
      if (tried.has(one)) continue;
      if (best === null || one.rank < best.rank) best = one;
    }
    return best!;
  }
}

/** In the place of an answer that is not there yet. */
const SLOW = Symbol("slow");
