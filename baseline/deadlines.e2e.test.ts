import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectDoor, type DoorClient } from "../src/door/client.ts";
import { builtFile } from "../src/process/built-file.ts";
import { ServiceProcess } from "../src/process/service-process.ts";
import type { RetrievalRequest } from "../src/retrieval/request.ts";
import { mixtureOfLogits, openBench } from "./checked-mesh.fixture.ts";
import type { GatewayReady, RemoteGatewayConfig } from "./mesh-config.ts";
import { runBuild } from "./mesh.ts";
import { startParts } from "./parts/addresses.ts";
import { Closing } from "./parts/closing.ts";
import type { Part, PartConfig, PartReady } from "./parts/part.ts";
import { WireRelay } from "./wire-relay.fixture.ts";
import { quiet } from "./workbench.ts";

const bench = await openBench();
const closing = new Closing();
afterAll(async () => {
  await closing[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

const relays = new Map<Part["role"], WireRelay>();
let door: DoorClient;

/** A mesh whose every wire is listened to. */
beforeAll(async () => {
  const model = mixtureOfLogits(bench.model);
  const settings = { featureCache: 0, ranker: { itemCache: 0 } };
  const mesh = bench.config(settings, model);
  await runBuild(mesh, { cpus: null, ...quiet });
  const processOf = async <Ready>(file: `./${string}.js`, role: string, config: object) =>
    closing.add(
      await ServiceProcess.start<object, Ready>({
        file: builtFile(import.meta.url, file),
        role,
        config,
        cpus: null,
        ...quiet,
      }),
    );
  const addresses = await startParts(mesh, async (part) => {
    const config: PartConfig = { mesh, part, port: 0 };
    const { ready } = await processOf<PartReady>("./parts/part-main.js", part.role, config);
    const relay = closing.add(await WireRelay.before(`127.0.0.1:${ready.port}`));
    relays.set(part.role, relay);
    return relay.address;
  });
  const journal = join(bench.cacheFolder, "journal");
  const config: RemoteGatewayConfig = { ...mesh, addresses, ports: {}, journal };
  const { ready } = await processOf<GatewayReady>("./gateway/gateway-main.js", "gateway", config);
  door = connectDoor(`127.0.0.1:${ready.grpcPort}`);
  closing.defer(() => door.close());
});

const request = { ...bench.requests[0]!, filter: "u < 60" };
const leftOf = (role: Part["role"], method: string): number =>
  relays.get(role)!.left(method).at(-1)!;

/**
 * Asks with little time until what is held back there has the request: on a busy machine its time
 * may be over before.
 */
async function askLate(
  relay: WireRelay,
  method: string,
  asked: RetrievalRequest = request,
): Promise<void> {
  relay.heldBackMs = 1_000;
  const before = relay.left(method).length;
  while (relay.left(method).length === before) {
    const late = door.retrieve(asked, { timeoutMs: 500 });
    await expect(late).rejects.toMatchObject({ code: "DEADLINE" });
  }
  relay.heldBackMs = 0;
}

test("each service is given what is left of the caller's time, and not what an earlier one took", async () => {
  relays.get("feature")!.heldBackMs = 20;
  relays.get("index")!.heldBackMs = 300;
  await door.retrieve(request, { timeoutMs: 20_000 });
  for (const relay of relays.values()) relay.heldBackMs = 0;
  const feature = leftOf("feature", "Users");
  const index = leftOf("index", "Search");
  const ranker = leftOf("ranker", "Rank");
  expect(feature).toBeLessThanOrEqual(20_000);
  expect(leftOf("filter", "Evaluate")).toBeLessThanOrEqual(20_000);
  expect(index).toBeLessThan(feature);
  // A timer may be a millisecond early.
  expect(ranker).toBeLessThanOrEqual(index - 299);
  // Three hops from the door, through the ranker.
  expect(leftOf("feature", "Items")).toBeLessThan(ranker);
  expect(leftOf("feature", "Items")).toBeGreaterThan(0);
});

test("what nobody waits for any more is not passed on", async () => {
  const index = relays.get("index")!;
  const asked = index.left("Search").length;
  const ranked = relays.get("ranker")!.left("Rank").length;
  await askLate(index, "Search");
  // Once a later request is answered, the earlier one is over.
  await door.retrieve(request, { timeoutMs: 20_000 });
  expect(index.left("Search")).toHaveLength(asked + 2);
  expect(relays.get("ranker")!.left("Rank")).toHaveLength(ranked + 1);
});

test("who has less time than others of its batch is told so in its own time, and they are answered", async () => {
  const filter = relays.get("filter")!;
  let filters = 60;
  const ask = async (timeoutMs: number): Promise<string> => {
    const answer = door.retrieve({ ...request, filter: `u < ${++filters}` }, { timeoutMs });
    return await answer.then(
      () => "an answer",
      (error: { code: string }) => error.code,
    );
  };
  /** How often the filter service was asked. */
  const askThree = async (): Promise<number> => {
    const asked = filter.left("Evaluate").length;
    const first = ask(20_000);
    while (filter.left("Evaluate").length === asked) await sleep(5);
    // They wait for the call that is under way, and go with the next one.
    const told = await Promise.all([first, ask(900), ask(20_000)]);
    expect(told).toEqual(["an answer", "DEADLINE", "an answer"]);
    return filter.left("Evaluate").length - asked;
  };
  filter.heldBackMs = 600;
  // On a busy machine they may come too late for that.
  while ((await askThree()) !== 2);
  filter.heldBackMs = 0;
  // A call is of use as long as one of its callers waits.
  expect(leftOf("filter", "Evaluate")).toBeGreaterThan(10_000);
});

test("a ranker whose features come too late ranks nothing", async () => {
  const counted = async (): Promise<number> =>
    (await door.stats()).counters.get("ranker.candidates")!;
  const before = await counted();
  const feature = relays.get("feature")!;
  // The user's come along with the request: it is the items' that are late.
  const asked = feature.left("Items").length;
  const { features, ids } = bench.dataset.users;
  const userDim = features.length / ids.length;
  const user = { kind: "features", features: features.slice(0, userDim) } as const;
  await askLate(feature, "Items", { ...request, user });
  await door.retrieve({ ...request, user }, { timeoutMs: 20_000 });
  expect(feature.left("Items")).toHaveLength(asked + 2);
  const ranked = (await counted()) - before;
  await door.retrieve({ ...request, user }, { timeoutMs: 20_000 });
  // As much as one request has.
  expect(ranked).toBe((await counted()) - before - ranked);
});
