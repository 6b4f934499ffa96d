import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { fromStatus, statusFromHeaders } from "../door/grpc-status.ts";
import { RETRIEVE_PATH } from "../door/retrieval-service.ts";
import { HarnessError } from "../errors.ts";
import { FRAME_HEADER_BYTES } from "./frame.ts";
import type { ClientOptions, LoadClient, OnDone } from "./load-client.ts";

/** Flow control must never be the limit: answers are small, and read at once. */
const WINDOW_BYTES = 16 * 2 ** 20;
/** A lost connection is tried again after this, not at every request. */
const RECONNECT_PAUSE_MS = 20;
/** How often calls are looked at that wait for too long. */
const SWEEP_MS = 10;

/**
 * A gRPC client that does one thing, the unary call `Retrieve`, straight on node:http2: requests
 * come framed, one headers object serves all calls, and no promise, metadata, interceptor or retry
 * stands between the stream and the clock. It sees the same answers and statuses as
 * @grpc/grpc-js, at little more than half its CPU.
 */
export class LeanClient implements LoadClient {
  readonly #options: ClientOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #sessions: Connection[];
  /** Calls under way, in the order they were sent and so of their deadlines. */
  readonly #calls = new Set<Call>();
  readonly #sweep: NodeJS.Timeout;
  #turn = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#headers = {
      ":method": "POST",
      ":path": RETRIEVE_PATH,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": `${Math.ceil(options.timeoutMs)}m`,
    };
    this.#sessions = Array.from({ length: options.connections }, () => new Connection(options));
    this.#sweep = setInterval(() => this.#endExpired(), SWEEP_MS);
    this.#sweep.unref();
  }

  send(frame: Buffer, onDone: OnDone): void {
    this.#turn = (this.#turn + 1) % this.#sessions.length;
    const session = this.#sessions[this.#turn]!.session();
    const call = new Call(this.#options.address, performance.now(), this.#calls, onDone);
    if (session === null) {
      // Never from within `send`, where the caller does not expect it.
      setImmediate(() => call.fail(this.#unreachable()));
      return;
    }
    try {
      call.start(session.request(this.#headers), frame);
    } catch (cause) {
      setImmediate(() => call.fail(this.#unreachable(cause)));
    }
  }

  /** Ends every connection; calls under way fail. */
  close(): void {
    clearInterval(this.#sweep);
    for (const session of this.#sessions) session.close();
  }

  #endExpired(): void {
    const sentBeforeMs = performance.now() - this.#options.timeoutMs;
    for (const call of this.#calls) {
      if (call.sentMs > sentBeforeMs) return;
      call.expire(this.#options.timeoutMs);
    }
  }

  #unreachable(cause?: unknown): HarnessError {
    const where = this.#options.address;
    return new HarnessError("UNAVAILABLE", "there is no connection", { where, cause });
  }
}

/** One TCP connection, made anew when it is lost. */
class Connection {
  readonly #options: ClientOptions;
  #session: ClientHttp2Session | null = null;
  #retryAtMs = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** The connection, or null where it was lost a moment ago. */
  session(): ClientHttp2Session | null {
    if (this.#session !== null) return this.#session;
    if (performance.now() < this.#retryAtMs) return null;
    const { address, tls = null } = this.#options;
    const session = connect(`${tls === null ? "http" : "https"}://${address}`, {
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      ...(tls === null ? {} : { ca: tls.ca, ...tls.own }),
    });
    session.once("connect", () => session.setLocalWindowSize(WINDOW_BYTES));
    const lost = (): void => {
      if (this.#session !== session) return;
      this.#session = null;
      this.#retryAtMs = performance.now() + RECONNECT_PAUSE_MS;
    };
    // Its calls learn of an error by their streams.
    session.on("error", lost).on("close", lost).on("goaway", lost);
    this.#session = session;
    return session;
  }

  close(): void {
    this.#session?.destroy();
  }
}

/** A stream that knows whose it is, so that all calls share their listeners. */
type CallStream = ClientHttp2Stream & { call: Call };

/** One call from its request to its outcome, which it tells once. */
class Call {
  readonly sentMs: number;
  readonly #callee: string;
  readonly #underWay: Set<Call>;
  readonly #onDone: OnDone;
  #stream: CallStream | null = null;
  #message: Buffer | null = null;
  #status: Headers | null = null;
  #httpStatus = 200;
  #isDone = false;

  constructor(callee: string, sentMs: number, underWay: Set<Call>, onDone: OnDone) {
    this.#callee = callee;
    this.sentMs = sentMs;
    this.#underWay = underWay;
    this.#onDone = onDone;
    underWay.add(this);
  }

  start(stream: ClientHttp2Stream, frame: Buffer): void {
    this.#stream = Object.assign(stream, { call: this });
    stream.on("response", onResponse);
    stream.on("data", onData);
    stream.on("trailers", onTrailers);
    stream.on("end", onEnd);
    stream.on("error", onError);
    stream.on("close", onClose);
    stream.end(frame);
  }

  headers(headers: Headers): void {
    this.#httpStatus = Number(headers[":status"]);
    // An error before any message has no trailers: its headers are the last word.
    if (headers["grpc-status"] !== undefined) this.#status = headers;
  }

  trailers(headers: Headers): void {
    this.#status = headers;
  }

  data(chunk: Buffer): void {
    this.#message = this.#message === null ? chunk : Buffer.concat([this.#message, chunk]);
  }

  /** All has come: the answer, or what the trailers say instead. */
  end(): void {
    const status = this.#status;
    if (status === null) {
      if (this.#httpStatus === 200) return; // the close says why
      this.fail(this.#error("INTERNAL", `HTTP status ${this.#httpStatus} came instead of gRPC`));
    } else if (status["grpc-status"] === "0") this.#succeed();
    else this.fail(fromStatus(statusFromHeaders(status), this.#callee));
  }

  /** The stream is gone; if nothing was told until now, it was broken off. */
  closed(code: number): void {
    if (this.#isDone) return;
    if (code === constants.NGHTTP2_ENHANCE_YOUR_CALM) {
      this.fail(this.#error("OVERLOADED", "the server says: enhance your calm"));
    } else {
      this.fail(this.#error("UNAVAILABLE", `the stream was broken off (HTTP/2 code ${code})`));
    }
  }

  expire(timeoutMs: number): void {
    this.fail(this.#error("DEADLINE", `no answer within ${timeoutMs} ms`));
    this.#stream?.close(constants.NGHTTP2_CANCEL);
  }

  fail(error: HarnessError): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#underWay.delete(this);
    this.#onDone(error, NOTHING);
  }

  streamError(cause: Error): void {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    // A reset says its reason in `close`, which follows.
    if (code === "ERR_HTTP2_STREAM_ERROR") return;
    this.fail(new HarnessError("UNAVAILABLE", cause.message, { where: this.#callee, cause }));
  }

  #succeed(): void {
    const message = this.#message;
    if (message === null || message.length < FRAME_HEADER_BYTES) {
      this.fail(this.#error("INTERNAL", "an OK status came without an answer"));
    } else if (message[0] !== 0) {
      this.fail(this.#error("INTERNAL", "the answer is compressed, which nobody asked for"));
    } else if (message.readUInt32BE(1) !== message.length - FRAME_HEADER_BYTES) {
      this.fail(this.#error("INTERNAL", "more or less than one answer came"));
    } else {
      if (this.#isDone) return;
      this.#isDone = true;
      this.#underWay.delete(this);
      this.#onDone(null, message.subarray(FRAME_HEADER_BYTES));
    }
  }

  #error(code: "INTERNAL" | "UNAVAILABLE" | "OVERLOADED" | "DEADLINE", text: string): HarnessError {
    return new HarnessError(code, text, { where: this.#callee });
  }
}

type Headers = Readonly<Record<string, string | string[] | number | undefined>>;

const NOTHING = Buffer.alloc(0);

function onResponse(this: CallStream, headers: Headers): void {
  this.call.headers(headers);
}

function onData(this: CallStream, chunk: Buffer): void {
  this.call.data(chunk);
}

function onTrailers(this: CallStream, headers: Headers): void {
  this.call.trailers(headers);
}

function onEnd(this: CallStream): void {
  this.call.end();
}

function onError(this: CallStream, error: Error): void {
  this.call.streamError(error);
}

function onClose(this: CallStream): void {
  this.call.closed(this.rstCode);
}
