import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type ErrorCode, HarnessError } from "../errors.ts";
import type { Admission } from "./admission.ts";
import { answerToJson, requestFromJson } from "./http-json.ts";
import { renderMetrics } from "./metrics.ts";

/** The HTTP half of a front door, listening. Disposing it drains. */
export interface HttpDoor extends AsyncDisposable {
  readonly port: number;
}

const STATUS_OF: Record<ErrorCode, number> = {
  BAD_INPUT: 400,
  OVERLOADED: 429,
  DEADLINE: 504,
  UNAVAILABLE: 503,
  INTERRUPTED: 503,
  DATA: 500,
  INVALID: 500,
  INTERNAL: 500,
};

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
  admission: Admission,
  host: string,
  port: number,
): Promise<HttpDoor> {
  let draining = false;
  const routes: Readonly<Record<string, Route>> = {
    "/v1/retrieve": {
      method: "POST",
      answer: (request, response) => retrieve(admission, request, response),
    },
    "/healthz": {
      method: "GET",
      answer: async (_, response) =>
        send(response, draining ? 503 : 200, "text/plain", draining ? "draining\n" : "ok\n"),
    },
    "/metrics": {
      method: "GET",
      answer: async (_, response) => {
        const { contentType, text } = await renderMetrics(await admission.stats());
        send(response, 200, contentType, text);
      },
    },
  };
  const server = createServer((request, response) => {
    if (draining) response.setHeader("connection", "close");
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
      sendError(
        response,
        404,
        new HarnessError("BAD_INPUT", `no ${path} here; there is ${known.join(", ")}`, {
          where: "path",
        }),
      );
    } else if (request.method !== route.method) {
      response.setHeader("allow", route.method);
      sendError(
        response,
        405,
        new HarnessError("BAD_INPUT", `${path} takes ${route.method}, not ${request.method}`, {
          where: "method",
        }),
      );
    } else {
      await route.answer(request, response);
    }
  } catch (thrown) {
    const error = HarnessError.from(thrown);
    sendError(response, STATUS_OF[error.code], error);
  }
}

async function retrieve(
  admission: Admission,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const arrivedMs = performance.now();
  const { limits } = admission;
  // Numbers as text: 32 characters each leave room, and 10,000 exclusions fit into the first part.
  const maxBytes = 2 ** 20 + 32 * Math.max(limits.userDim, limits.queryDim);
  const text = await readBody(request, response, maxBytes);
  if (text === null) return;
  const body = requestFromJson(text, limits);
  const waitMs = Math.min(body.deadlineMs, headerDeadlineMs(request));
  const deadlineMs = arrivedMs + waitMs;
  const answer = admission.retrieve(() => body.request, { deadlineMs });
  const json = answerToJson(waitMs === Infinity ? await answer : await within(answer, deadlineMs));
  send(response, 200, "application/json", json);
}

/** `x-deadline-ms`: how long the caller waits; Infinity where it does not say. */
function headerDeadlineMs(request: IncomingMessage): number {
  const text = request.headers["x-deadline-ms"];
  if (text === undefined) return Infinity;
  const deadlineMs = Number(text);
  if (!(deadlineMs > 0)) {
    throw new HarnessError(
      "BAD_INPUT",
      `x-deadline-ms: a positive number was expected, "${String(text)}" came`,
      { where: "x-deadline-ms" },
    );
  }
  return deadlineMs;
}

/** The answer, or DEADLINE once the time is up; a late answer is dropped. */
async function within<T>(answer: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    const text = "the deadline passed before the answer was there";
    timer = setTimeout(
      () => reject(new HarnessError("DEADLINE", text)),
      // setTimeout takes at most 2^31 - 1.
      Math.min(deadlineMs - performance.now(), 2 ** 31 - 1),
    );
  });
  try {
    return await Promise.race([answer, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** The body as text; null if it was too long, in which case the answer has been sent. */
async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      // The rest is not read, so the connection cannot be used again.
      response.setHeader("connection", "close");
      sendError(
        response,
        413,
        new HarnessError("BAD_INPUT", `the body is longer than ${maxBytes} bytes`, {
          where: "body",
        }),
      );
      return null;
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString();
}

function sendError(response: ServerResponse, status: number, error: HarnessError): void {
  const { code, where: field = null, message } = error;
  send(response, status, "application/json", JSON.stringify({ error: { code, field, message } }));
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "EADDRINUSE" ? "it is in use" : String(cause);
    throw new HarnessError("BAD_INPUT", `cannot serve HTTP on ${host}:${port}: ${why}`, {
      hint: "choose another port, or 0 for any free one",
      cause,
    });
  }
}
