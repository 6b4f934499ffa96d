import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { HarnessError } from "../errors.ts";
import type { Answer, RetrievalRequest } from "../retrieval/request.ts";
import { connectDoor, type DoorClient } from "./client.ts";
import { ownProcessStats } from "./own-process.ts";
import { answerFromBytes, requestToBytes } from "./retrieval-service.ts";
import type { CallContext, Retriever } from "./retriever.ts";
import { type Door, openDoor } from "./server.ts";

const limits = { items: 100, userDim: 3, queryDim: 4, maxInFlight: 2 };
const request: RetrievalRequest = {
  user: { kind: "id", id: 7 },
  k: 3,
  filter: "",
  exclude: Float64Array.of(1, 2),
};
const answer: Answer = {
  ids: Float64Array.of(7, 2 ** 40),
  values: Float32Array.of(1, 0.5),
  partial: false,
};

type Retrieve = (request: RetrievalRequest, context: CallContext) => Promise<Answer>;

/** A retriever of the test's own making. */
const retrieverOf = (retrieve: Retrieve): Retriever => ({
  retrieve,
  stats: async () => ({
    processes: [ownProcessStats("test")],
    devices: [],
    stages: new Map(),
    batchSizes: "",
    counters: new Map([["test.n", 2.5]]),
  }),
});

const open: { door: Door; client: DoorClient }[] = [];
afterEach(async () => {
  for (const { door, client } of open.splice(0)) {
    client.close();
    await door[Symbol.asyncDispose]();
  }
});

interface Fixture {
  readonly door: Door;
  readonly client: DoorClient;
  readonly http: string;
}

const answered: Retrieve = () => Promise.resolve(answer);

async function opened(workers: number, retrieve: Retrieve = answered): Promise<Fixture> {
  const door = await openDoor({ retriever: retrieverOf(retrieve), limits, workers });
  const client = connectDoor(`127.0.0.1:${door.grpcPort}`);
  return { door, client, http: `http://127.0.0.1:${door.httpPort}` };
}

/** A door of a test's own. */
async function startWith(workers: number, retrieve?: Retrieve): Promise<Fixture> {
  const fixture = await opened(workers, retrieve);
  open.push(fixture);
  return fixture;
}

const post = (
  http: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> => fetch(`${http}/v1/retrieve`, { method: "POST", body, headers });

const BODY = '{"user_id":7,"k":3,"exclude":[1,2]}';
const SOON = { timeoutMs: 10_000 };

/** A retriever that answers when it is told to. */
class Held {
  readonly #waiting: ((answer: Answer) => void)[] = [];
  readonly retrieve = (): Promise<Answer> => new Promise((resolve) => this.#waiting.push(resolve));

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve(answer);
  }

  async until(count: number): Promise<void> {
    while (this.#waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

describe.each([
  ["in this process", 1],
  ["in two worker processes", 2],
] as const)("a door %s", (_name, workers) => {
  // Of one door: most of its processes' time is their start.
  let shared: Fixture;
  let current = answered;
  beforeAll(async () => {
    shared = await opened(workers, (received, context) => current(received, context));
  });
  afterAll(async () => {
    shared.client.close();
    await shared.door[Symbol.asyncDispose]();
  });
  const start = (retrieve = answered): Fixture => {
    current = retrieve;
    return shared;
  };

  test("a request reaches the retriever as it was sent, and its answer comes back, over gRPC", async () => {
    const seen: RetrievalRequest[] = [];
    const { client } = start(async (received) => {
      seen.push(received);
      return answer;
    });
    expect(await client.retrieve(request, SOON)).toEqual(answer);
    expect(seen).toEqual([request]);
    const bytes = await client.retrieveEncoded(requestToBytes(request), SOON);
    expect(answerFromBytes(bytes)).toEqual(answer);
  });

  test("the same over HTTP", async () => {
    const seen: RetrievalRequest[] = [];
    const { http } = start(async (received) => {
      seen.push(received);
      return answer;
    });
    const response = await post(http, BODY);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ids: [7, 2 ** 40], values: [1, 0.5], partial: false });
    expect(seen).toEqual([request]);
  });

  test("a batch is answered in its order, and its first mistake is named with its place", async () => {
    const { client } = start(async ({ k }) => ({ ...answer, ids: Float64Array.of(k, 0) }));
    const answers = await client.retrieveBatch(
      [
        { ...request, k: 1 },
        { ...request, k: 2 },
      ],
      SOON,
    );
    expect(answers.map(({ ids }) => ids[0])).toEqual([1, 2]);
    await expect(client.retrieveBatch([request, { ...request, k: 0 }], SOON)).rejects.toMatchObject(
      {
        code: "BAD_INPUT",
        where: "requests[1].k",
      },
    );
  });

  test("a bad request is INVALID_ARGUMENT and 400, with the field", async () => {
    const { client, http } = start();
    const bad = client.retrieve({ ...request, k: 101 }, SOON);
    await expect(bad).rejects.toMatchObject({ code: "BAD_INPUT", where: "k" });
    const nan: RetrievalRequest = {
      ...request,
      user: { kind: "features", features: Float32Array.of(NaN, 0, 0) },
    };
    await expect(client.retrieve(nan, SOON)).rejects.toMatchObject({ where: "user_features" });
    const garbage = client.retrieveEncoded(Buffer.from([0x0a, 0xff]), SOON);
    await expect(garbage).rejects.toMatchObject({ code: "BAD_INPUT" });
    const response = await post(http, '{"user_id":7,"k":0}');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "BAD_INPUT", field: "k" } });
  });

  test("what the retriever says is wrong reaches the caller as it said it", async () => {
    const { client, http } = start(async () => {
      throw new HarnessError("BAD_INPUT", "no column colour; there are lang, topic", {
        where: "filter",
      });
    });
    await expect(client.retrieve(request, SOON)).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: "no column colour; there are lang, topic",
      where: "filter",
    });
    expect((await post(http, BODY)).status).toBe(400);
  });

  test("a fault behind the door is INTERNAL and 500", async () => {
    const { client, http } = start(() => Promise.reject(new TypeError("x is not a function")));
    await expect(client.retrieve(request, SOON)).rejects.toMatchObject({ code: "INTERNAL" });
    expect((await post(http, BODY)).status).toBe(500);
  });

  test("over maxInFlight the next request is refused at once, by either door, and then let in again", async () => {
    const held = new Held();
    const { client, http } = start(held.retrieve);
    const inside = [client.retrieve(request, SOON), client.retrieve(request, SOON)];
    await held.until(2);
    await expect(client.retrieve(request, SOON)).rejects.toMatchObject({ code: "OVERLOADED" });
    expect((await post(http, BODY)).status).toBe(429);
    held.release();
    await Promise.all(inside);
    const next = client.retrieve(request, SOON);
    await held.until(1);
    held.release();
    expect(await next).toEqual(answer);
  });

  test("the retriever gets the caller's deadline; past it the caller is told so", async () => {
    const deadlines: number[] = [];
    const held = new Held();
    const { client, http } = start((_, { deadlineMs }) => {
      deadlines.push(deadlineMs - performance.now());
      return held.retrieve();
    });
    const inTime = client.retrieve(request, { timeoutMs: 10_000 });
    const alsoInTime = post(http, BODY, { "x-deadline-ms": "10000" });
    await held.until(2);
    expect(deadlines).toHaveLength(2);
    for (const left of deadlines) expect(left).toBeLessThanOrEqual(10_005);
    held.release();
    expect([await inTime, (await alsoInTime).status]).toEqual([answer, 200]);

    const late = client.retrieve(request, { timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ code: "DEADLINE" });
    expect((await post(http, BODY, { "x-deadline-ms": "100" })).status).toBe(504);
    held.release();
  });

  test("a body's deadline_ms is heeded, and one that is no number refused", async () => {
    const held = new Held();
    const { http } = start(held.retrieve);
    const late = await post(http, '{"user_id":7,"k":3,"deadline_ms":50}');
    expect(late.status).toBe(504);
    expect((await post(http, BODY, { "x-deadline-ms": "soon" })).status).toBe(400);
    held.release();
  });

  test("wrong paths, methods and sizes have their own statuses", async () => {
    const { http } = start();
    expect((await fetch(`${http}/v2`)).status).toBe(404);
    const get = await fetch(`${http}/v1/retrieve`);
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    const long = await post(http, `{"user_id":7,"k":3,"filter":"${"x".repeat(2 ** 21)}"}`);
    expect(long.status).toBe(413);
    expect((await post(http, BODY)).status).toBe(200);
  });

  test("stats and metrics count what came through the door and what became of it", async () => {
    const { client, http } = start();
    const { counters: before } = await client.stats();
    await client.retrieve(request, SOON);
    await post(http, BODY);
    await post(http, "{}");
    const stats = await client.stats();
    const more = ["requests", "answers", "bad"].map(
      (name) => stats.counters.get(`door.${name}`)! - before.get(`door.${name}`)!,
    );
    expect(more).toEqual([3, 2, 1]);
    expect(stats.counters.get("test.n")).toBe(2.5);
    expect(stats.processes[0]).toMatchObject({ pid: process.pid, role: "test" });
    expect(stats.stages.has("door.retrieve")).toBe(true);
    const metrics = await (await fetch(`${http}/metrics`)).text();
    const answers = stats.counters.get("door.answers");
    expect(metrics).toContain(`silverbench_counter{name="door.answers"} ${answers}`);
  });

  test("the standard health service and /healthz say that it serves", async () => {
    const { client, http } = start();
    await client.waitUntilServing(5_000, new AbortController().signal);
    expect(await (await fetch(`${http}/healthz`)).text()).toBe("ok\n");
  });

  test("a port in use is an error that names it, and nothing stays open", async () => {
    const { door } = start();
    const retriever = retrieverOf(async () => answer);
    const taken = { grpc: door.grpcPort };
    await expect(openDoor({ retriever, limits, workers, ports: taken })).rejects.toThrow(
      `cannot serve gRPC on 127.0.0.1:${door.grpcPort}: it is in use`,
    );
    const httpTaken = { http: door.httpPort };
    await expect(openDoor({ retriever, limits, workers, ports: httpTaken })).rejects.toThrow(
      `cannot serve HTTP on 127.0.0.1:${door.httpPort}: it is in use`,
    );
  });

  test("disposing finishes what is in flight, then the ports are closed", async () => {
    const held = new Held();
    const { door, client, http } = await startWith(workers, held.retrieve);
    const grpc = client.retrieve(request, SOON);
    const plain = post(http, BODY);
    await held.until(2);
    const disposed = door[Symbol.asyncDispose]();
    held.release();
    expect(await grpc).toEqual(answer);
    expect((await plain).status).toBe(200);
    await disposed;
    for (const port of [door.grpcPort, door.httpPort]) expect(await isOpen(port)).toBe(false);
  });
});

test("connections are dealt out to the workers, and each worker's use is told", async () => {
  const { door, client } = await startWith(2);
  const other = connectDoor(`127.0.0.1:${door.grpcPort}`);
  try {
    for (const caller of [client, other])
      expect(await caller.retrieve(request, SOON)).toEqual(answer);
    const { processes, counters } = await other.stats();
    expect(processes.slice(1).map(({ pid, role }) => ({ pid, role }))).toEqual(door.processes);
    expect(door.processes).toHaveLength(2);
    expect(counters.get("door.requests")).toBe(2);
  } finally {
    other.close();
  }
});

test("new limits hold for every request after them", async () => {
  for (const workers of [1, 2]) {
    const { door, client } = await startWith(workers);
    const ask = (): Promise<Answer> => client.retrieve({ ...request, k: 101 }, SOON);
    await expect(ask()).rejects.toMatchObject({ where: "k" });
    door.setLimits({ ...limits, items: 101 });
    await client.stats();
    expect(await ask()).toEqual(answer);
  }
});

test("a worker that is killed is told of, and the others still stop", async () => {
  let tell: (error: HarnessError) => void;
  const died = new Promise<HarnessError>((resolve) => (tell = resolve));
  const retriever = retrieverOf(async () => answer);
  const door = await openDoor({ retriever, limits, workers: 2, onDied: (error) => tell(error) });
  process.kill(door.processes[0]!.pid, "SIGKILL");
  expect(await died).toMatchObject({ code: "INVALID", where: "door" });
  await door[Symbol.asyncDispose]();
  for (const { pid } of door.processes) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});
