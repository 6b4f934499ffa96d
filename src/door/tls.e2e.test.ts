import { request as askHttps } from "node:https";
import { afterEach, expect, test } from "vitest";
import { connectGrpc } from "./grpc-client.ts";
import { connectDoor } from "./client.ts";
import { createTls } from "./certificates.ts";
import { RETRIEVAL_PROTO, RETRIEVAL_SERVICE } from "./retrieval-service.ts";
import type { ClientTls } from "../process/tls.ts";
import { type Door, openDoor } from "./server.ts";
import type { Retriever } from "./retriever.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const retriever: Retriever = {
  retrieve: ({ k }) =>
    Promise.resolve({ ids: Float64Array.of(k), values: Float32Array.of(1), partial: false }),
  stats: () =>
    Promise.resolve({
      processes: [],
      devices: [],
      batchSizes: "",
      stages: new Map(),
      counters: new Map(),
    }),
};

async function open(mode: "tls" | "mtls", workers: number): Promise<[Door, ClientTls]> {
  const tls = (await createTls(mode))!;
  const limits = { items: 10, userDim: 2, queryDim: 2, maxInFlight: 10 };
  const door = await openDoor({ retriever, limits, tls: tls.server, workers });
  closing.push(() => door[Symbol.asyncDispose]());
  return [door, tls.client];
}

const request = {
  user: { kind: "id", id: 1 },
  k: 7,
  filter: "",
  exclude: new Float64Array(0),
} as const;

async function askGrpc(door: Door, tls: ClientTls | null): Promise<number> {
  const client = connectDoor(`127.0.0.1:${door.grpcPort}`, tls);
  try {
    return (await client.retrieve(request, { timeoutMs: 5_000 })).ids[0]!;
  } finally {
    client.close();
  }
}

function askHttp(door: Door, { ca, own }: ClientTls): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: door.httpPort, path: "/healthz", ca, ...own };
    askHttps({ ...options, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on("error", reject)
      .end();
  });
}

test.each([
  { mode: "tls", workers: 1 },
  { mode: "mtls", workers: 1 },
  { mode: "mtls", workers: 2 },
] as const)("a door of $workers processes answers over $mode", async ({ mode, workers }) => {
  const [door, tls] = await open(mode, workers);
  expect(await askGrpc(door, tls)).toBe(7);
  expect(await askHttp(door, tls)).toBe(200);
});

test("a caller who does not believe the certificate gets no answer, nor one in the clear", async () => {
  const [door] = await open("tls", 1);
  const stranger = (await createTls("tls"))!.client;
  await expect(askGrpc(door, stranger)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(askGrpc(door, null)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(askHttp(door, stranger)).rejects.toThrow(/certificate|signature/);
});

test("with mtls a caller without a certificate, or with another authority's, is refused", async () => {
  const [door, tls] = await open("mtls", 1);
  const stranger = (await createTls("mtls"))!.client;
  for (const own of [null, stranger.own]) {
    await expect(askGrpc(door, { ...tls, own })).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(askHttp(door, { ...tls, own })).rejects.toBeInstanceOf(Error);
  }
  expect(await askGrpc(door, tls)).toBe(7);
});

test("a service tells its health over TLS as it does in the clear", async () => {
  const [door, tls] = await open("mtls", 1);
  const client = connectGrpc({
    address: `127.0.0.1:${door.grpcPort}`,
    protoFile: RETRIEVAL_PROTO,
    service: RETRIEVAL_SERVICE,
    tls,
  });
  closing.push(() => client.close());
  const serving = client.waitUntilServing(5_000, new AbortController().signal);
  await expect(serving).resolves.toBeUndefined();
});
