import { expect, test } from "vitest";
import { connectDoor } from "./client.ts";
import type { Retriever } from "./retriever.ts";
import { openDoor } from "./server.ts";

const EMPTY = { ids: new Float64Array(0), values: new Float32Array(0), partial: false };

const retriever: Retriever = {
  retrieve: () => Promise.resolve(EMPTY),
  stats: () =>
    Promise.resolve({
      processes: [],
      devices: [],
      stages: new Map(),
      batchSizes: "",
      counters: new Map(),
    }),
};

const request = {
  user: { kind: "id", id: 1 },
  k: 1,
  filter: "",
  exclude: new Float64Array(0),
} as const;

/** Clients at a time. */
const LANES = 8;

/** Handles of this process that are sockets or servers. */
const sockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => /TCP/.test(name)).length;

async function settled(before: number): Promise<number> {
  for (let tries = 0; tries < 100 && sockets() > before; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return sockets();
}

test("a client that is started anew a thousand times leaves nothing in the door or in itself", async () => {
  const limits = { items: 10, userDim: 1, queryDim: 1, maxInFlight: 100 };
  await using door = await openDoor({ retriever, limits, ports: {}, workers: 1, onDied: () => {} });
  const restart = async (): Promise<void> => {
    const client = connectDoor(`127.0.0.1:${door.grpcPort}`);
    await client.retrieve(request, { timeoutMs: 30_000 });
    client.close();
  };
  const restarts = async (times: number): Promise<void> => {
    let left = times;
    const lane = async (): Promise<void> => {
      while (left-- > 0) await restart();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  };
  // What the door itself keeps: it listens on two ports.
  await restart();
  const before = await settled(2);
  await restarts(1_000);
  expect(await settled(before)).toBeLessThanOrEqual(before);
});
