import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { HarnessError } from "../errors.ts";
import type { Desk } from "./desk.ts";
import type { Acceptor, Listening } from "./grpc-service.ts";
import { readBody, send, sendError } from "./http-exchange.ts";
import { answerToJson, requestFromJson } from "./http-json.ts";
import { listen } from "./listen.ts";
import { renderMetrics } from "./metrics.ts";
import type { ServerTls } from "../process/tls.ts";
import { countCall, countResponse } from "./traffic.ts";

/** The HTTP half of a front door, listening. Disposing it drains. */
export interface HttpDoor extends AsyncDisposable {
  readonly port: number;
}

/** How long answers under way may take once the door is disposed. */
const DRAIN_MS = 4_000;

interface Route {
  readonly method: "GET" | "POST";
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/**
 * Serves POST /v1/retrieve, GET /healthz and GET /metrics.
 * @throws HarnessError BAD_INPUT if the port is taken.
 */
export async function serveHttpDoor(
  desk: Desk,
  { host = "127.0.0.1", port = 0, tls = null }: Listening,
): Promise<HttpDoor> {
  const { server, drain } = createHttp(desk, tls);
  await listen(server, { host, port, protocol: "HTTP" });
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: drain };
}

/** The same for connections that another process took in. */
export function acceptHttpDoor(desk: Desk, tls: ServerTls | null): Acceptor {
  const { server, drain } = createHttp(desk, tls);
  return {
    accept: (socket) => void server.emit("connection", socket),
    [Symbol.asyncDispose]: drain,
  };
}

function createHttp(
  desk: Desk,
  tls: ServerTls | null,
): { server: Server; drain: () => Promise<void> } {
  let draining = false;
  // The server itself knows only the connections to a port of its own. Pipelined requests: a count.
  const busy = new Map<Socket, number>();
  const routes = routesTo(desk, () => draining);
  const server = listener(tls, (request, response) => {
    const { socket } = request;
    busy.set(socket, (busy.get(socket) ?? 0) + 1);
    response.once("close", () => {
      const left = (busy.get(socket) ?? 1) - 1;
      if (!socket.destroyed) busy.set(socket, left);
      if (draining && left === 0) socket.end();
    });
    void dispatch(routes, request, response);
  });
  server.keepAliveTimeout = 75_000;
  // With TLS a request's socket is the one that comes out of the handshake.
  server.on(tls === null ? "connection" : "secureConnection", (socket: Socket) => {
    busy.set(socket, 0);
    socket.once("close", () => busy.delete(socket));
  });
  const drain = async (): Promise<void> => {
    draining = true;
    server.close();
    const closed = Promise.all([...busy.keys()].map((socket) => once(socket, "close")));
    for (const [socket, requests] of busy) if (requests === 0) socket.destroy();
    const timer = setTimeout(() => {
      for (const socket of busy.keys()) socket.destroy();
    }, DRAIN_MS);
    await closed;
    clearTimeout(timer);
  };
  return { server, drain };
}

function listener(
  tls: ServerTls | null,
  onRequest: RequestListener,
): ReturnType<typeof createServer> | ReturnType<typeof createTlsServer> {
  if (tls === null) return createServer(onRequest);
  const { own, clientCa } = tls;
  const demanded = clientCa === null ? {} : { ca: clientCa, requestCert: true };
  return createTlsServer({ ...own, ...demanded }, onRequest);
}

function routesTo(desk: Desk, isDraining: () => boolean): Readonly<Record<string, Route>> {
  return {
    "/v1/retrieve": {
      method: "POST",
      answer: (request, response) => retrieve(desk, request, response),
    },
    "/healthz": {
      method: "GET",
      answer: async (_, response) => {
        const [status, text] = isDraining() ? ([503, "draining\n"] as const) : [200, "ok\n"];
        send(response, status, "text/plain", text);
      },
    },
    "/metrics": {
      method: "GET",
      answer: async (_, response) => {
        const { contentType, text } = await renderMetrics(await desk.stats());
        send(response, 200, contentType, text);
      },
    },
  };
}

async function dispatch(
  routes: Readonly<Record<string, Route>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0]!;
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  try {
    if (route === undefined) {
      const known = Object.entries(routes).map(([name, { method }]) => `${method} ${name}`);
      sendError(response, bad("path", `no ${path} here; there is ${known.join(", ")}`), 404);
    } else if (request.method !== route.method) {
      response.setHeader("allow", route.method);
      const text = `${path} takes ${route.method}, not ${request.method}`;
      sendError(response, bad("method", text), 405);
    } else {
      await route.answer(request, response);
    }
  } catch (error) {
    sendError(response, error);
  }
}

async function retrieve(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const arrivedMs = performance.now();
  const { limits } = desk;
  // Numbers as text: 32 characters each leave room, and 10,000 exclusions fit into the first part.
  const maxBytes = 2 ** 20 + 32 * Math.max(limits.userDim, limits.queryDim);
  const text = await readBody(request, maxBytes);
  if (text === null) {
    // The rest of the body was not read, so the connection cannot be used again.
    response.setHeader("connection", "close");
    sendError(response, bad("body", `the body is longer than ${maxBytes} bytes`), 413);
    return;
  }
  countCall(Buffer.byteLength(text));
  const answer = await desk.retrieve(() => {
    const body = requestFromJson(text, limits);
    const waitMs = Math.min(body.deadlineMs, headerDeadlineMs(request));
    return { request: body.request, deadlineMs: arrivedMs + waitMs };
  });
  const json = answerToJson(answer);
  countResponse(Buffer.byteLength(json));
  send(response, 200, "application/json", json);
}

/** `x-deadline-ms`: how long the caller waits; Infinity where it does not say. */
function headerDeadlineMs(request: IncomingMessage): number {
  const text = request.headers["x-deadline-ms"]?.toString();
  if (text === undefined) return Infinity;
  const deadlineMs = Number(text);
  if (!(deadlineMs > 0)) {
    throw bad("x-deadline-ms", `x-deadline-ms: a positive number was expected, "${text}" came`);
  }
  return deadlineMs;
}

const bad = (where: string, message: string): HarnessError =>
  new HarnessError("BAD_INPUT", message, { where });
