import type { ClientTls } from "../process/tls.ts";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import { decodeAnswer, encodeRequest, type WireAnswer, type WireRequest } from "./codec.ts";
import { type CallOptions, connectGrpc, type GrpcClient } from "./grpc-client.ts";
import { RETRIEVAL_PROTO, RETRIEVAL_SERVICE } from "./retrieval-service.ts";
import { decodeStats, type WireStats } from "./stats-codec.ts";
import type { SystemStats } from "./stats.ts";

/** How long a Stats call may take: it gathers from every process of the system. */
const STATS_MS = 10_000;

/** A caller of a front door, over gRPC. */
export class DoorClient {
  readonly #grpc: GrpcClient;

  /**
   * @param address host:port of the gRPC door.
   * @param channels TCP connections, default 1.
   * @param tls null or absent: without.
   */
  constructor(address: string, channels = 1, tls: ClientTls | null = null) {
    this.#grpc = connectGrpc({
      address,
      protoFile: RETRIEVAL_PROTO,
      service: RETRIEVAL_SERVICE,
      channels,
      tls,
    });
  }

  /** @throws HarnessError as the system gave it; UNAVAILABLE if it cannot be reached. */
  async retrieve(request: RetrievalRequest, options: CallOptions): Promise<Answer> {
    return decodeAnswer(
      await this.#grpc.call<WireRequest, WireAnswer>("Retrieve", encodeRequest(request), options),
    );
  }

  /** Several requests in one call, answered in their order. One that fails fails all. */
  async retrieveBatch(
    requests: readonly RetrievalRequest[],
    options: CallOptions,
  ): Promise<readonly Answer[]> {
    const message = { requests: requests.map(encodeRequest) };
    const { responses } = await this.#grpc.call<
      { requests: readonly WireRequest[] },
      { responses: readonly WireAnswer[] }
    >("RetrieveBatch", message, options);
    return responses.map(decodeAnswer);
  }

  /**
   * Sends bytes of `requestToBytes` and gives back those that `answerFromBytes` reads: what a timed
   * region holds.
   */
  retrieveEncoded(bytes: Buffer, options: CallOptions): Promise<Buffer> {
    return this.#grpc.callEncoded("Retrieve", bytes, options);
  }

  async stats(): Promise<SystemStats> {
    return decodeStats(
      await this.#grpc.call<object, WireStats>("Stats", {}, { timeoutMs: STATS_MS }),
    );
  }

  /** @throws HarnessError UNAVAILABLE if the door does not serve within the time. */
  waitUntilServing(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.#grpc.waitUntilServing(timeoutMs, signal);
  }

  close(): void {
    this.#grpc.close();
  }
}

/** Connects to a system's front door. Nothing is sent before the first call. */
export const connectDoor = (address: string, tls: ClientTls | null = null): DoorClient =>
  new DoorClient(address, 1, tls);
