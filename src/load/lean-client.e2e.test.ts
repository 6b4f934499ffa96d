import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Door, openDoor } from "../door/server.ts";
import { answerFromBytes, requestToBytes } from "../door/retrieval-service.ts";
import { HarnessError } from "../errors.ts";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import { framed } from "./frame.ts";
import { LeanClient } from "./lean-client.ts";
import { type LoadClient, openClient } from "./load-client.ts";

const disposables: (() => unknown)[] = [];
afterEach(async () => {
  for (const dispose of disposables.splice(0).toReversed()) await dispose();
});

/** Answers k ids from the user's on; what the user's id asks for otherwise. */
async function retrieve({ user, k }: RetrievalRequest): Promise<Answer> {
  const id = user.kind === "id" ? user.id : 0;
  if (id === 13) throw new HarnessError("OVERLOADED", 'full: grün & 100% "busy"', { hint: "wait" });
  if (id === 14) throw new HarnessError("BAD_INPUT", "no such user", { where: "user_id" });
  if (id === 15) throw new TypeError("a fault");
  if (id === 16) await new Promise((resolve) => setTimeout(resolve, 2_000));
  return {
    ids: Float64Array.from({ length: k }, (_, i) => id + i),
    values: Float32Array.from({ length: k }, (_, i) => 1 / (i + 1)),
    partial: false,
  };
}

const stats = async (): Promise<never> => {
  throw new Error("not asked here");
};

async function opened(): Promise<Door> {
  const door = await openDoor({
    retriever: { retrieve, stats },
    limits: { items: 100_000, userDim: 4, queryDim: 4, maxInFlight: 10_000 },
  });
  disposables.push(() => door[Symbol.asyncDispose]());
  return door;
}

async function clients(address: string, timeoutMs = 5_000): Promise<LoadClient[]> {
  const both = await Promise.all(
    (["lean", "grpc-js"] as const).map((kind) =>
      openClient(kind, { address, timeoutMs, connections: 3 }),
    ),
  );
  for (const client of both) disposables.push(() => client.close());
  return both;
}

interface Outcome {
  readonly ids?: number[];
  readonly error?: Pick<HarnessError, "code" | "message" | "where">;
}

const ask = (client: LoadClient, id: number, k = 3): Promise<Outcome> =>
  new Promise((resolve) => {
    const request: RetrievalRequest = {
      user: { kind: "id", id },
      k,
      filter: "",
      exclude: new Float64Array(),
    };
    client.send(framed(requestToBytes(request)), (error, answer) => {
      if (error === null) resolve({ ids: [...answerFromBytes(answer).ids] });
      else resolve({ error: { code: error.code, message: error.message, where: error.where } });
    });
  });

test("the lean client and grpc-js see the same answers, small and large", async () => {
  const { grpcPort } = await opened();
  const [lean, grpcJs] = await clients(`127.0.0.1:${grpcPort}`);
  for (const k of [1, 100, 60_000]) {
    const seen = await ask(lean!, 7, k);
    expect(seen).toEqual(await ask(grpcJs!, 7, k));
    expect(seen).toHaveProperty("ids.length", k);
  }
  const many = await Promise.all(Array.from({ length: 200 }, (_, id) => ask(lean!, 100 + id, 5)));
  for (const [id, outcome] of many.entries()) expect(outcome).toHaveProperty("ids.0", 100 + id);
});

test("they see the same statuses, with their words and places", async () => {
  const { grpcPort } = await opened();
  const [lean, grpcJs] = await clients(`127.0.0.1:${grpcPort}`);
  for (const [id, code] of [
    [13, "OVERLOADED"],
    [14, "BAD_INPUT"],
    [15, "INTERNAL"],
  ] as const) {
    const [seen, expected] = [await ask(lean!, id), await ask(grpcJs!, id)];
    expect(seen).toHaveProperty("error.code", code);
    expect(seen).toHaveProperty("error.message", expected.error!.message);
  }
  expect(await ask(lean!, 14)).toHaveProperty("error.where", "user_id");
});

test("both give up at the deadline", async () => {
  const { grpcPort } = await opened();
  for (const client of await clients(`127.0.0.1:${grpcPort}`, 150)) {
    expect(await ask(client, 16)).toHaveProperty("error.code", "DEADLINE");
  }
});

/** A server that does to each stream what it is told, and is no gRPC at all. */
async function misbehaving(
  act: (stream: ServerHttp2Stream) => void,
  timeoutMs: number,
): Promise<LeanClient> {
  const server: Http2Server = createServer();
  server.on("stream", act);
  server.on("sessionError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  disposables.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const client = new LeanClient({ address: `127.0.0.1:${port}`, timeoutMs, connections: 2 });
  disposables.push(() => client.close());
  return client;
}

const trailing = (stream: ServerHttp2Stream, status: string, body: Buffer): void => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
  stream.end(body);
};

test.each<[string, (stream: ServerHttp2Stream) => void, string, string]>([
  ["resets the stream", (stream) => stream.close(2), "UNAVAILABLE", "broken off"],
  ["asks for calm", (stream) => stream.close(11), "OVERLOADED", "calm"],
  ["cuts the connection", (stream) => stream.session!.destroy(), "UNAVAILABLE", ""],
  ["never answers", () => {}, "DEADLINE", "300 ms"],
  [
    "is a web server",
    (stream) => {
      stream.respond({ ":status": 404 });
      stream.end("no");
    },
    "INTERNAL",
    "404",
  ],
  ["forgets the answer", (stream) => trailing(stream, "0", Buffer.alloc(0)), "INTERNAL", "without"],
  [
    "sends half of it",
    (stream) => trailing(stream, "0", Buffer.from([0, 0, 0, 0, 9, 1])),
    "INTERNAL",
    "one answer",
  ],
  [
    "compresses",
    (stream) => trailing(stream, "0", Buffer.from([1, 0, 0, 0, 0])),
    "INTERNAL",
    "compressed",
  ],
  [
    "has a status of its own",
    (stream) => trailing(stream, "5", Buffer.alloc(0)),
    "INTERNAL",
    "NOT_FOUND",
  ],
])("a server that %s gives an error, not a hang or a crash", async (_, act, code, words) => {
  const isSilent = code === "DEADLINE";
  const client = await misbehaving(
    (stream) => {
      stream.on("error", () => {});
      act(stream);
    },
    isSilent ? 300 : 10_000,
  );
  for (let i = 0; i < 3; i++) {
    const outcome = await ask(client, 1);
    expect(outcome).toHaveProperty("error.code", code);
    expect(outcome.error!.message).toContain(words);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
});

test("a connection that was lost is made anew", async () => {
  let streams = 0;
  const client = await misbehaving((stream) => {
    if (++streams === 1) stream.session!.destroy();
    else trailing(stream, "0", framed(Buffer.alloc(0)));
  }, 10_000);
  expect(await ask(client, 1)).toHaveProperty("error.code", "UNAVAILABLE");
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(await ask(client, 1)).toEqual({ ids: [] });
  expect(await ask(client, 1)).toEqual({ ids: [] });
});
