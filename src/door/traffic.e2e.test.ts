import { expect, test } from "vitest";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { connectDoor } from "./client.ts";
import { requestToJson } from "./http-json.ts";
import { ownProcessStats } from "./own-process.ts";
import { requestToBytes } from "./retrieval-service.ts";
import { openDoor } from "./server.ts";
import { addCounters } from "./traffic.ts";

const request: RetrievalRequest = {
  user: { kind: "id", id: 3 },
  k: 10,
  filter: "lang:en",
  exclude: Float64Array.of(1, 2),
};

test("counters of one name are added up", () => {
  const parts = [
    new Map([["calls", 2]]),
    new Map([
      ["calls", 3],
      ["reads", 1],
    ]),
  ];
  expect([...addCounters(parts)]).toEqual([
    ["calls", 5],
    ["reads", 1],
  ]);
});

test("calls and the bytes of their messages are counted, over gRPC and HTTP, Stats left out", async () => {
  const ids = Float64Array.from({ length: 10 }, (_, i) => i);
  await using door = await openDoor({
    retriever: {
      retrieve: async () => ({ ids, values: new Float32Array(10), partial: false }),
      stats: async () => ({
        processes: [ownProcessStats("test")],
        devices: [],
        stages: new Map(),
        batchSizes: "",
        counters: new Map([["wire.calls", 100]]),
      }),
    },
    limits: { items: 100, userDim: 1, queryDim: 1, maxInFlight: 10 },
  });
  const client = connectDoor(`127.0.0.1:${door.grpcPort}`);
  const counters = async (): Promise<(number | undefined)[]> => {
    const { counters: all } = await client.stats();
    return ["calls", "request_bytes", "response_bytes"].map((name) => all.get(`wire.${name}`));
  };
  const before = await counters();
  await client.retrieve(request, { timeoutMs: 5_000 });
  await client.retrieve(request, { timeoutMs: 5_000 });
  const [calls, asked, answered] = (await counters()).map((count, i) => count! - before[i]!);
  expect([calls, asked]).toEqual([2, 2 * requestToBytes(request).byteLength]);
  // 10 ids of 8 bytes, 10 values of 4, the tags and lengths of both, and `partial`.
  expect(answered).toBe(2 * (80 + 40 + 4 + 2));
  // What lies behind the door is added to it.
  expect(before[0]).toBeGreaterThanOrEqual(100);

  const body = requestToJson(request);
  const afterGrpc = await counters();
  await fetch(`http://127.0.0.1:${door.httpPort}/v1/retrieve`, { method: "POST", body });
  const overHttp = (await counters()).map((count, i) => count! - afterGrpc[i]!);
  expect(overHttp.slice(0, 2)).toEqual([1, body.length]);
  client.close();
});
