import {
  Client,
  credentials,
  Metadata,
  type ChannelCredentials,
  type ChannelOptions,
  type MethodDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../errors.ts";
import { fromServiceError } from "./grpc-status.ts";
import { loadHealthService, loadService } from "./service-definition.ts";
import type { ClientTls } from "../process/tls.ts";

export interface GrpcClientOptions {
  /** host:port */
  readonly address: string;
  readonly protoFile: string;
  /** Full name, "package.Service". */
  readonly service: string;
  /** TCP connections that calls are spread over in turn; default 1. */
  readonly channels?: number;
  /** Absent: `KEEP_ALIVE`. */
  readonly keepAlive?: KeepAlive;
  /** null or absent: without. */
  readonly tls?: ClientTls | null;
}

/** How a connection is found out whose other end fell silent without closing it. */
export interface KeepAlive {
  /** It is asked for a sign of life so often, whether or not calls are under way. */
  readonly everyMs: number;
  /** Without one for so long it is given up: calls on it fail, and the next one makes another. */
  readonly withinMs: number;
}

const KEEP_ALIVE: KeepAlive = { everyMs: 30_000, withinMs: 10_000 };

export interface CallOptions {
  /** How long the caller waits, from now; Infinity: for ever. It travels with the call. */
  readonly timeoutMs: number;
  /** Aborted where nobody waits for the answer any more: the server is told. */
  readonly signal?: AbortSignal;
}

export interface GrpcClient {
  /**
   * One unary call.
   * @throws HarnessError as the server gave it; UNAVAILABLE if it cannot be reached.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a call states both messages
  call<Req extends object, Res>(method: string, request: Req, options: CallOptions): Promise<Res>;
  /** The same with bytes in and bytes out: neither side of the message is looked at. */
  callEncoded(method: string, request: Buffer, options: CallOptions): Promise<Buffer>;
  /** @throws HarnessError UNAVAILABLE if the service is not serving within the time. */
  waitUntilServing(timeoutMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Options of a channel, the same for every client of ours: retries, proxies and service configs
 * would do things that a measurement does not know of.
 */
const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.max_send_message_length": -1,
  "grpc.max_receive_message_length": -1,
  "grpc.enable_retries": 0,
  "grpc.enable_http_proxy": 0,
  "grpc.enable_channelz": 0,
  "grpc.service_config_disable_resolution": 1,
  // Otherwise channels to one address share a connection.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  // Otherwise the first caller after a pause would be the one to find out.
  "grpc.keepalive_permit_without_calls": 1,
  "grpc-node.flow_control_window": 4 * 1024 * 1024,
};

const identity = (bytes: Buffer): Buffer => bytes;

/** How long one health check may take before it is asked again. */
const CHECK_MS = 1_000;
const CHECK_PAUSE_MS = 25;

/** Connects to a service. Nothing is sent before the first call. */
export function connectGrpc(options: GrpcClientOptions): GrpcClient {
  const { address, service, keepAlive = KEEP_ALIVE } = options;
  const channelOptions: ChannelOptions = {
    ...CHANNEL_OPTIONS,
    "grpc.keepalive_time_ms": keepAlive.everyMs,
    "grpc.keepalive_timeout_ms": keepAlive.withinMs,
  };
  const definition = loadService(options.protoFile, service);
  const check = loadHealthService()["Check"]!;
  const clients = Array.from(
    { length: options.channels ?? 1 },
    () => new Client(address, credentialsOf(options.tls), channelOptions),
  );
  let turn = 0;

  const methodOf = (name: string): MethodDefinition<object, object> => {
    const method = definition[name];
    if (method === undefined)
      throw new HarnessError("INTERNAL", `${service} has no method ${name}`);
    return method as MethodDefinition<object, object>;
  };
  const unary = <Req, Res>(
    path: string,
    request: Req,
    serialize: (request: Req) => Buffer,
    deserialize: (bytes: Buffer) => Res,
    { timeoutMs, signal }: CallOptions,
  ): Promise<Res> => {
    turn = (turn + 1) % clients.length;
    const deadline = timeoutMs === Infinity ? Infinity : Date.now() + timeoutMs;
    return new Promise((resolve, reject) => {
      const call = clients[turn]!.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        request,
        new Metadata(),
        { deadline },
        (error: ServiceError | null, response?: Res) => {
          if (error === null) resolve(response as Res);
          else reject(fromServiceError(error, `${service} at ${address}`));
          signal?.removeEventListener("abort", cancel);
        },
      );
      const cancel = (): void => call.cancel();
      signal?.addEventListener("abort", cancel, { once: true });
    });
  };

  return {
    call: <Res>(name: string, request: object, callOptions: CallOptions) => {
      const { path, requestSerialize, responseDeserialize } = methodOf(name);
      return unary(
        path,
        request,
        requestSerialize,
        responseDeserialize,
        callOptions,
      ) as Promise<Res>;
    },
    callEncoded: (name, request, callOptions) =>
      unary(methodOf(name).path, request, identity, identity, callOptions),
    waitUntilServing: (timeoutMs, signal) => {
      const ask = (): Promise<{ status: string | number }> =>
        unary(
          check.path,
          { service },
          check.requestSerialize,
          check.responseDeserialize as (bytes: Buffer) => { status: string | number },
          { timeoutMs: CHECK_MS },
        );
      return pollUntilServing(ask, { address, service, timeoutMs, signal });
    },
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

function credentialsOf(tls: ClientTls | null | undefined): ChannelCredentials {
  if (tls === null || tls === undefined) return credentials.createInsecure();
  const { ca, own } = tls;
  if (own === null) return credentials.createSsl(Buffer.from(ca));
  return credentials.createSsl(Buffer.from(ca), Buffer.from(own.key), Buffer.from(own.cert));
}

async function pollUntilServing(
  ask: () => Promise<{ status: string | number }>,
  who: { address: string; service: string; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const giveUpMs = performance.now() + who.timeoutMs;
  let last: unknown;
  do {
    who.signal.throwIfAborted();
    try {
      const { status } = await ask();
      if (status === SERVING) return;
      last = new Error(`its health is ${HEALTH_NAMES[Number(status)] ?? status}`);
    } catch (error) {
      last = error;
    }
    await sleep(CHECK_PAUSE_MS, undefined, { signal: who.signal }).catch(() => {});
  } while (performance.now() < giveUpMs);
  throw new HarnessError(
    "UNAVAILABLE",
    `${who.service} at ${who.address} was not serving within ${who.timeoutMs / 1000} s`,
    { cause: last },
  );
}

const SERVING = 1;
const HEALTH_NAMES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
