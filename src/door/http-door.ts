import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HarnessError } from "../errors.ts";
import type { Desk } from "./desk.ts";
import { listen, readBody, send, sendError } from "./http-exchange.ts";
import { answerToJson, requestFromJson } from "./http-json.ts";
import { renderMetrics } from "./metrics.ts";

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
  host: string,
  port: number,
): Promise<HttpDoor> {
  let draining = false;
  const routes: Readonly<Record<string, Route>> = {
    "/v1/retrieve": {
      method: "POST",
      answer: (request, response) => retrieve(desk, request, response),
    },
    "/healthz": {
      method: "GET",
      answer: async (_, response) =>
        send(response, draining ? 503 : 200, "text/plain", draining ? "draining\n" : "ok\n"),
    },
    "/metrics": {
      method: "GET",
      answer: async (_, response) => {
        const { contentType, text } = await renderMetrics(await desk.stats());
        send(response, 200, contentType, text);
      },
    },
  };
  const server = createServer((request, response) => {
    response.once("close", () => {
      // Closing the server closed only the connections that were idle at the time.
      if (draining) setImmediate(() => server.closeIdleConnections());
    });
    void dispatch(routes, request, response);
  });
  server.keepAliveTimeout = 75_000;
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      draining = true;
      const closed = once(server, "close");
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      await closed;
      clearTimeout(timer);
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
  const answer = await desk.retrieve(() => {
    const body = requestFromJson(text, limits);
    const waitMs = Math.min(body.deadlineMs, headerDeadlineMs(request));
    return { request: body.request, deadlineMs: arrivedMs + waitMs };
  });
  send(response, 200, "application/json", answerToJson(answer));
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
