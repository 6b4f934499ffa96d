import { Client, credentials } from "@grpc/grpc-js";
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { HarnessError } from "../errors.ts";
import { connectGrpc, type GrpcClient } from "./grpc-client.ts";
import { type GrpcServer, serveGrpc, type UnaryHandler } from "./grpc-service.ts";
import { RETRIEVAL_PROTO, RETRIEVAL_SERVICE } from "./retrieval-service.ts";
import type { CallContext } from "./retriever.ts";
import { loadHealthService } from "./service-definition.ts";

const service = { protoFile: RETRIEVAL_PROTO, service: RETRIEVAL_SERVICE };
const never = new AbortController().signal;
const SOON = { timeoutMs: 10_000 };

const handlersWith = (Retrieve: UnaryHandler): Record<string, UnaryHandler> => ({
  Retrieve,
  RetrieveBatch: async () => ({}),
  Stats: async () => ({}),
});

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function serve(Retrieve: UnaryHandler, port = 0): Promise<GrpcServer> {
  const server = await serveGrpc({ ...service, handlers: handlersWith(Retrieve), port });
  closing.push(() => server[Symbol.asyncDispose]());
  return server;
}

function connect(port: number, channels = 1): GrpcClient {
  const client = connectGrpc({ ...service, address: `127.0.0.1:${port}`, channels });
  closing.push(() => client.close());
  return client;
}

const ask = (client: GrpcClient, options = SOON): Promise<unknown> =>
  client.call("Retrieve", { userId: 1, k: 5 }, options);

test("errors cross a hop with their code, message and place", async () => {
  const codes = ["BAD_INPUT", "OVERLOADED", "DATA", "INVALID", "UNAVAILABLE", "DEADLINE"] as const;
  let next = 0;
  const { port } = await serve(async () => {
    throw new HarnessError(codes[next++]!, "größer als erlaubt", { where: "exclude" });
  });
  const client = connect(port);
  for (const code of codes) {
    await expect(ask(client)).rejects.toMatchObject({
      code,
      message: "größer als erlaubt",
      where: "exclude",
    });
  }
});

test("a call's deadline arrives as time left; without one there is no end", async () => {
  const left: number[] = [];
  const { port } = await serve(async (_: object, { deadlineMs }: CallContext) => {
    left.push(deadlineMs - performance.now());
    return {};
  });
  const client = connect(port);
  await ask(client, { timeoutMs: 5_000 });
  await ask(client, { timeoutMs: Infinity });
  expect(left[0]).toBeGreaterThan(0);
  expect(left[0]).toBeLessThanOrEqual(5_005);
  expect(left[1]).toBe(Infinity);
});

/** Connections to a server, and their other ends there. */
interface Relay {
  readonly port: number;
  readonly connections: readonly Socket[];
  /** Has those that there are swallow what comes, without closing: as where a route is gone. */
  fallSilent(): void;
}

async function relayTo(port: number): Promise<Relay> {
  const connections: Socket[] = [];
  const onwards: Socket[] = [];
  const relay = createServer((socket) => {
    const onward = socket.pipe(connectSocket(port, "127.0.0.1"));
    onward.pipe(socket);
    connections.push(socket);
    onwards.push(onward);
    for (const end of [socket, onward]) end.on("error", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  });
  closing.push(() => relay.close());
  await once(relay.listen(0, "127.0.0.1"), "listening");
  return {
    port: (relay.address() as AddressInfo).port,
    connections,
    fallSilent: () => [...connections, ...onwards].forEach((end) => end.unpipe().resume()),
  };
}

test("calls are spread over as many connections as asked for", async () => {
  const { port } = await serve(async () => ({}));
  const relay = await relayTo(port);
  const client = connect(relay.port, 3);
  await Promise.all(Array.from({ length: 9 }, () => ask(client)));
  expect(relay.connections).toHaveLength(3);
});

test("a connection whose other end fell silent is found out and replaced, in a call or between calls", async () => {
  const { port } = await serve(async () => ({}));
  const relay = await relayTo(port);
  const client = connectGrpc({
    ...service,
    address: `127.0.0.1:${relay.port}`,
    keepAlive: { everyMs: 100, withinMs: 700 },
  });
  closing.push(() => client.close());
  await ask(client);

  relay.fallSilent();
  await expect(ask(client, { timeoutMs: Infinity })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await ask(client);
  expect(relay.connections).toHaveLength(2);

  const gone = once(relay.connections[1]!, "close");
  relay.fallSilent();
  await gone;
  await ask(client);
  expect(relay.connections).toHaveLength(3);
});

test("a message of several megabytes goes both ways", async () => {
  const { port } = await serve(async ({ exclude }: { exclude: Buffer }) => ({ ids: exclude }));
  const exclude = Buffer.alloc(8 * 2 ** 20, 7);
  const answer = await connect(port).call<object, { ids: Buffer }>(
    "Retrieve",
    { userId: 1, k: 1, exclude },
    SOON,
  );
  expect(answer.ids.equals(exclude)).toBe(true);
});

test("a service that comes back on its port is found again by the same client", async () => {
  const first = await serve(async () => ({}));
  const client = connect(first.port);
  await ask(client);
  await first[Symbol.asyncDispose]();
  await expect(ask(client)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await serve(async () => ({}), first.port);
  await client.waitUntilServing(10_000, never);
  await ask(client);
});

test("waiting for a service that is not there ends in an error that names it", async () => {
  const client = connect(9);
  await expect(client.waitUntilServing(300, never)).rejects.toThrow(
    `${RETRIEVAL_SERVICE} at 127.0.0.1:9 was not serving within 0.3 s`,
  );
  const abort = AbortSignal.abort(new Error("enough"));
  await expect(client.waitUntilServing(10_000, abort)).rejects.toThrow("enough");
});

test("who watches the health is told when the service drains", async () => {
  const server = await serve(async () => ({}));
  const { path, requestSerialize, responseDeserialize } = loadHealthService()["Watch"]!;
  const watcher = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  closing.push(() => watcher.close());
  const said: unknown[] = [];
  const stream = watcher.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
    service: RETRIEVAL_SERVICE,
  });
  stream.on("data", ({ status }: { status: unknown }) => said.push(status));
  const ended = new Promise((resolve) => stream.on("end", resolve));
  while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await server[Symbol.asyncDispose]();
  await ended;
  expect(said).toEqual([1, 2]);
});

test("handlers that do not match the service are a fault of ours, named", async () => {
  const handlers = { Retrieve: async () => ({}), Reticulate: async () => ({}) };
  await expect(serveGrpc({ ...service, handlers })).rejects.toThrow(
    "missing [RetrieveBatch, Stats], unknown [Reticulate]",
  );
});
