import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A call as it came over the wire. */
export interface RelayedCall {
  readonly method: string;
  /** What its caller gave it, in milliseconds; Infinity: for ever. */
  readonly leftMs: number;
}

/** For tests: stands on the wire before a service, passes its calls on and keeps what they say. */
export class WireRelay implements AsyncDisposable {
  readonly calls: RelayedCall[] = [];
  /** How much later the service's answers come. */
  heldBackMs = 0;
  readonly #server: Http2Server;
  readonly #onward: ClientHttp2Session;

  private constructor(server: Http2Server, address: string) {
    this.#server = server;
    this.#onward = connect(`http://${address}`);
    this.#onward.on("error", () => {});
    server.on("stream", (stream, headers) => this.#relay(stream, headers));
  }

  /** @param address host:port of the service. */
  static async before(address: string): Promise<WireRelay> {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new WireRelay(server, address);
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What calls of a method were given, in their order. */
  left(method: string): number[] {
    return this.calls.filter((call) => call.method === method).map(({ leftMs }) => leftMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#onward.destroy();
    this.#server.close();
    return Promise.resolve();
  }

  #relay(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const method = headers[":path"]!.split("/").at(-1)!;
    this.calls.push({ method, leftMs: timeoutOf(headers["grpc-timeout"] as string | undefined) });
    const heldBackMs = method === "Check" ? 0 : this.heldBackMs;
    const onward = this.#onward.request(headers);
    stream.pipe(onward);
    stream.on("error", () => {}).on("aborted", () => onward.close());
    onward.on("error", () => stream.close());
    onward.on("response", (response, flags) => {
      void answer(response, (flags & END_STREAM) !== 0);
    });
    let trailers: IncomingHttpHeaders = {};
    onward.on("trailers", (all) => (trailers = all));
    const answer = async (
      response: IncomingHttpHeaders & IncomingHttpStatusHeader,
      isAll: boolean,
    ): Promise<void> => {
      await sleep(heldBackMs);
      if (stream.destroyed) return;
      stream.respond(response, isAll ? { endStream: true } : { waitForTrailers: true });
      if (isAll) return;
      stream.on("wantTrailers", () => stream.sendTrailers(trailers));
      onward.pipe(stream);
    };
  }
}

const END_STREAM = 1;

const UNITS_MS = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

function timeoutOf(header: string | undefined): number {
  if (header === undefined) return Infinity;
  return Number(header.slice(0, -1)) * UNITS_MS[header.at(-1) as keyof typeof UNITS_MS];
}
