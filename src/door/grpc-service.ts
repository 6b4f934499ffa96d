import {
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../errors.ts";
import { toStatus } from "./grpc-status.ts";
import { type Health, serveHealth } from "./health-service.ts";
import type { CallContext } from "./retriever.ts";
import { loadService } from "./service-definition.ts";
import type { ServerTls } from "../process/tls.ts";
import { countCall, countResponse } from "./traffic.ts";

/**
 * Answers one unary call; a HarnessError it rejects with becomes the matching gRPC status. The
 * message's shape is the .proto file's, hence the handler states its own type.
 */
export type UnaryHandler = (request: never, context: CallContext) => Promise<object>;

/** A service and what answers its calls. */
export interface GrpcHandlers {
  readonly protoFile: string;
  /** Full name, "package.Service". */
  readonly service: string;
  /** One handler a method of the service. */
  readonly handlers: Readonly<Record<string, UnaryHandler>>;
}

/** Where and how a server listens. */
export interface Listening {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** null or absent: without. */
  readonly tls?: ServerTls | null;
}

export interface GrpcServiceOptions extends GrpcHandlers, Listening {}

/** A gRPC server that listens. Disposing it drains: health says NOT_SERVING, calls finish. */
export interface GrpcServer extends AsyncDisposable {
  readonly port: number;
  /** Every answer from now on comes so many milliseconds later; 0: none does. */
  holdBack(ms: number): void;
}

/** A server without a port: it serves the connections it is given. Disposing it drains. */
export interface Acceptor extends AsyncDisposable {
  /** @param socket a connection of which nothing has been read yet. */
  accept(socket: Socket): void;
}

/** Largest message a server takes: 10,000 exclusions are 80 kB, a bitmap of 100M rows 12.5 MB. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

/** How long calls in flight may take to finish once the server is disposed. */
const DRAIN_MS = 4_000;

// What grpc-js would print on stderr reaches us as errors.
setLogVerbosity(logVerbosity.NONE);

/**
 * Serves one service of a .proto file, and the standard health service beside it.
 * @throws HarnessError BAD_INPUT if the port is taken, INTERNAL if handlers and methods differ.
 */
export async function serveGrpc(options: GrpcServiceOptions): Promise<GrpcServer> {
  const { host = "127.0.0.1", port = 0 } = options;
  const pace = { heldBackMs: 0 };
  const { server, health } = createServer({ ...options, handlers: paced(options.handlers, pace) });
  const bound = await bind(server, `${host}:${port}`, credentialsOf(options.tls));
  health.set("SERVING");
  return {
    port: bound,
    holdBack: (ms) => {
      pace.heldBackMs = ms;
    },
    [Symbol.asyncDispose]: () => close(server, health),
  };
}

/** Handlers whose answers may be held back. */
function paced(
  handlers: GrpcHandlers["handlers"],
  pace: { readonly heldBackMs: number },
): GrpcHandlers["handlers"] {
  const later = (handler: UnaryHandler): UnaryHandler => {
    return (request, context) => {
      const handled = handler(request, context);
      const { heldBackMs } = pace;
      return heldBackMs === 0 ? handled : handled.then((response) => sleep(heldBackMs, response));
    };
  };
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [name, later(handler)]),
  );
}

/**
 * The same for connections that another process took in.
 * @throws HarnessError INTERNAL if handlers and methods differ.
 */
export function acceptGrpc(service: GrpcHandlers, tls: ServerTls | null): Acceptor {
  const { server, health } = createServer(service);
  const injector = server.createConnectionInjector(credentialsOf(tls));
  health.set("SERVING");
  return {
    accept: (socket) => injector.injectConnection(socket),
    [Symbol.asyncDispose]: () => close(server, health),
  };
}

function createServer(service: GrpcHandlers): { server: Server; health: Health } {
  const definition = loadService(service.protoFile, service.service);
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": -1,
    "grpc.enable_channelz": 0,
    "grpc-node.flow_control_window": 4 * 1024 * 1024,
  });
  const health = serveHealth(server, service.service);
  server.addService(counting(tolerant(definition)), implement(definition, service));
  return { server, health };
}

function close(server: Server, health: Health): Promise<void> {
  health.close();
  return drain(server);
}

function implement(
  definition: ServiceDefinition,
  { handlers, service }: GrpcHandlers,
): UntypedServiceImplementation {
  const missing = Object.keys(definition).filter((name) => handlers[name] === undefined);
  const unknown = Object.keys(handlers).filter((name) => definition[name] === undefined);
  if (missing.length > 0 || unknown.length > 0) {
    throw new HarnessError(
      "INTERNAL",
      `handlers of ${service}: missing [${missing.join(", ")}], unknown [${unknown.join(", ")}]`,
    );
  }
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [name, unaryCall(handler)]),
  );
}

function unaryCall(handler: UnaryHandler): handleUnaryCall<unknown, object> {
  return (call, respond) => {
    const { request } = call;
    if (request instanceof HarnessError) {
      respond(toStatus(request));
      return;
    }
    const deadlineMs = deadlineOf(call);
    if (deadlineMs <= performance.now()) {
      respond(toStatus(new HarnessError("DEADLINE", "the deadline had passed on arrival")));
      return;
    }
    void answer(handler(request as never, { deadlineMs }), call, respond);
  };
}

async function answer(
  handled: Promise<object>,
  call: ServerUnaryCall<unknown, object>,
  respond: sendUnaryData<object>,
): Promise<void> {
  try {
    const response = await handled;
    // Where nobody waits for it any more, writing it would only cost.
    if (!call.cancelled) respond(null, response);
  } catch (error) {
    respond(toStatus(error));
  }
}

/** The call's deadline on performance.now()'s clock; Infinity if it has none. */
function deadlineOf(call: ServerUnaryCall<unknown, object>): number {
  const deadline = call.getDeadline();
  return Number(deadline) - Date.now() + performance.now();
}

/** Bytes that are no message of the expected type are the caller's mistake, not an INTERNAL. */
function tolerant(definition: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => {
      const requestDeserialize = (bytes: Buffer): unknown => {
        try {
          return method.requestDeserialize(bytes);
        } catch (cause) {
          const text = `the bytes are no ${name} request: ${String(cause)}`;
          return new HarnessError("BAD_INPUT", text, { where: "request", cause });
        }
      };
      return [name, { ...method, requestDeserialize }];
    }),
  );
}

/** Counts messages and their bytes; what is asked about a system is no part of its work. */
function counting(definition: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => {
      if (name === STATS) return [name, method];
      const requestDeserialize = (bytes: Buffer): unknown => {
        countCall(bytes.byteLength);
        return method.requestDeserialize(bytes);
      };
      const responseSerialize = (response: unknown): Buffer => {
        const bytes = method.responseSerialize(response);
        countResponse(bytes.byteLength);
        return bytes;
      };
      return [name, { ...method, requestDeserialize, responseSerialize }];
    }),
  );
}

/** Every service of ours has this method. */
const STATS = "Stats";

function credentialsOf(tls: ServerTls | null | undefined): ServerCredentials {
  if (tls === null || tls === undefined) return ServerCredentials.createInsecure();
  const { own, clientCa } = tls;
  return ServerCredentials.createSsl(
    clientCa === null ? null : Buffer.from(clientCa),
    [{ private_key: Buffer.from(own.key), cert_chain: Buffer.from(own.cert) }],
    clientCa !== null,
  );
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (cause, bound) => {
      if (cause === null) resolve(bound);
      else {
        const why = cause.message.includes("EADDRINUSE") ? "it is in use" : cause.message;
        reject(
          new HarnessError("BAD_INPUT", `cannot serve gRPC on ${address}: ${why}`, {
            hint: "choose another port, or 0 for any free one",
            cause,
          }),
        );
      }
    });
  });
}

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, DRAIN_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
