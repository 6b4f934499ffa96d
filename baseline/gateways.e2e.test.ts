import { afterAll, beforeAll, expect, it } from "vitest";
import { connectDoor, type DoorClient } from "../src/door/client.ts";
import { Histogram } from "../src/math/histogram.ts";
import type { System } from "../src/system.ts";
import {
  alive,
  AnswerCheck,
  FAULTLESS,
  inTime,
  manyHeads,
  openBench,
  reach,
  roleOf,
} from "./checked-mesh.fixture.ts";

const bench = await openBench();
afterAll(() => bench[Symbol.asyncDispose]());

const { requests } = bench;
const model = manyHeads(bench.model);
const check = new AnswerCheck(bench);

let system: System;
/** A connection each, so one goes to either gateway. */
let clients: DoorClient[];

beforeAll(async () => {
  system = await bench.start({ index: { kind: "ivf-flat" }, replicas: { gateway: 2 } }, { model });
  clients = [connectDoor(system.address), connectDoor(system.address)];
});
afterAll(async () => {
  for (const client of clients) client.close();
  await system[Symbol.asyncDispose]();
});

const gateways = (): readonly number[] =>
  system.processes.filter(({ role }) => role === "gateway").map(({ pid }) => pid);

const askAll = (client: DoorClient) =>
  Promise.all(requests.map((request) => client.retrieve(request, inTime)));

it("is a process each, and none takes updates", () => {
  expect(gateways()).toHaveLength(2);
  expect(system.adminAddress).toBeUndefined();
});

it("agrees with the oracle through either, and tells as one what both did", async () => {
  for (const client of clients) {
    expect(await check.score(client, model)).toMatchObject(FAULTLESS);
  }
  const asked = 2 * requests.length;
  for (const client of clients) {
    const { counters, stages, processes, batchSizes } = await client.stats();
    expect(roleOf(processes)).toEqual(roleOf(system.processes));
    expect(processes).toHaveLength(system.processes.length);
    expect(counters.get("door.requests")).toBe(asked);
    expect(counters.get("door.answers")).toBe(asked);
    // The tower is in each gateway, the index is one.
    expect(counters.get("tower.users")).toBe(asked);
    const searches = counters.get("index.searches")!;
    expect(Histogram.decode(stages.get("gateway.index")!).count).toBe(searches);
    expect(Histogram.decode(stages.get("door.retrieve")!).count).toBe(asked);
    expect(Histogram.decode(batchSizes).count).toBeGreaterThan(0);
  }
});

it("is told of other settings in every gateway", async () => {
  const whole = system.serveWith!({
    ...system.settings,
    index: { ...(system.settings["index"] as object), probes: 1_000_000 },
  });
  await whole!();
  for (const client of clients) {
    expect((await check.score(client, model)).recall).toBeGreaterThanOrEqual(0.9999);
  }
});

it("goes on without one that is killed, which comes back behind the same address", async () => {
  const before = (await clients[0]!.stats()).counters.get("door.requests")!;
  const [killed, kept] = gateways();
  const undo = await system.inflict!({ service: "gateway", kind: "kill", delayMs: 0 });
  const askAnew = () =>
    reach(system, async (client) => {
      await askAll(client);
      return await client.stats();
    });
  const { counters, processes } = await askAnew();
  // The other half was the killed one's.
  expect(counters.get("door.requests")).toBe(before / 2 + requests.length);
  expect(processes.map(({ pid }) => pid)).not.toContain(killed);
  await undo();
  const [revived, same] = gateways();
  expect(same).toBe(kept);
  expect(revived).not.toBe(killed);
  // The next two connections are one of each.
  for (let turn = 0; turn < 2; turn++) {
    expect(roleOf((await askAnew()).processes)).toEqual(roleOf(system.processes));
  }
});

it("answers what either was asked before it is stopped", async () => {
  const asked = clients.map((client) => askAll(client));
  await Promise.race(clients.map((client) => client.retrieve(requests[0]!, inTime)));
  await system[Symbol.asyncDispose]();
  await Promise.all(asked);
  expect(alive(system.processes)).toEqual([]);
});
