import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type GrpcServer, serveGrpc } from "../src/door/grpc-service.ts";
import { HarnessError } from "../src/errors.ts";
import { meshSettings } from "../src/scenario/settings.ts";
import { FILTER_SERVICE, MESH_PROTO } from "./mesh-wire.ts";
import { ReplicaSet } from "./replica-set.ts";

const context = { deadlineMs: Infinity };

/** A filter service that counts its calls. */
class Copy {
  calls = 0;
  /** How long it takes to answer. */
  slowMs = 0;
  #server: GrpcServer | null = null;
  port = 0;

  async listen(): Promise<void> {
    const evaluate = ({ filters }: { filters: readonly string[] }): Promise<object> => {
      this.calls++;
      if (filters[0] === "wrong") {
        return Promise.reject(new HarnessError("BAD_INPUT", "a wrong filter"));
      }
      if (filters[0] === "down") {
        return Promise.reject(new HarnessError("UNAVAILABLE", "what it needs is away"));
      }
      return sleep(this.slowMs, { eligible: [] });
    };
    this.#server = await serveGrpc({
      protoFile: MESH_PROTO,
      service: FILTER_SERVICE,
      handlers: {
        Evaluate: evaluate,
        Apply: () => Promise.resolve({}),
        Stats: () => Promise.resolve({}),
      },
      port: this.port,
    });
    this.port = this.#server.port;
  }

  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = null;
  }
}

let copies: [Copy, Copy];
let set: ReplicaSet;

beforeEach(async () => {
  copies = [new Copy(), new Copy()];
  await Promise.all(copies.map((copy) => copy.listen()));
  const addresses = copies.map(({ port }) => `127.0.0.1:${port}`);
  set = await ReplicaSet.connect(addresses, FILTER_SERVICE);
});
afterEach(async () => {
  set.close();
  await Promise.all(copies.map((copy) => copy.stop()));
});

const ask = (filter = ""): Promise<object> =>
  set.call<object, object>("Evaluate", { filters: [filter] }, context);

describe("ReplicaSet", () => {
  it("shares calls out evenly", async () => {
    for (let n = 0; n < 10; n++) await ask();
    expect(copies.map(({ calls }) => calls)).toEqual([5, 5]);
  });

  it("asks another copy where one is gone, and the one that is back", async () => {
    await copies[0].stop();
    for (let n = 0; n < 20; n++) await ask();
    expect(copies[1].calls).toBe(20);
    // Left out after the first call it lost, so that few were tried twice.
    expect(set.retries).toBe(1);
    await copies[0].listen();
    while (copies[0].calls === 0) await ask();
  });

  it("says so where no copy is left", async () => {
    await Promise.all(copies.map((copy) => copy.stop()));
    await expect(ask()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("does not repeat what is wrong", async () => {
    await expect(ask("wrong")).rejects.toMatchObject({ code: "BAD_INPUT" });
    expect(copies[0].calls + copies[1].calls).toBe(1);
  });

  it("does not multiply the load on copies that all fail", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => ask("down")));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect(copies[0].calls + copies[1].calls).toBe(100 + set.retries);
    expect(set.retries).toBeLessThan(10);
  });

  it("waits for a slow copy, if it is not told otherwise", async () => {
    expect(meshSettings.parse({}).hedgeAfterMs).toBe("off");
    copies[0].slowMs = 300;
    await Promise.all([ask(), ask()]);
    expect(set.hedges).toBe(0);
    expect(copies.map(({ calls }) => calls)).toEqual([1, 1]);
  });

  it("asks a second copy where the first is slow, if it is told to, and only so often", async () => {
    const addresses = copies.map(({ port }) => `127.0.0.1:${port}`);
    const hedging = await ReplicaSet.connect(addresses, FILTER_SERVICE, { hedgeAfterMs: 800 });
    copies[0].slowMs = 60_000;
    const calls = Array.from({ length: 4 }, () =>
      hedging.call<object, object>("Evaluate", { filters: [] }, { deadlineMs: Infinity }),
    );
    await Promise.all(calls);
    expect(hedging.hedges).toBe(2);
    expect(copies.map((copy) => copy.calls)).toEqual([2, 4]);
    // A budget of ten, half of which may go: then a slow call is waited for.
    const late = { deadlineMs: performance.now() + 2_500 };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        hedging.call<object, object>("Evaluate", { filters: [] }, late),
      ),
    );
    expect(hedging.hedges).toBeLessThan(10);
    expect(outcomes.filter(({ status }) => status === "rejected").length).toBeGreaterThan(0);
    hedging.close();
  });

  it("does not ask once the caller's time is up", async () => {
    const late = set.call("Evaluate", { filters: [] }, { deadlineMs: performance.now() });
    await expect(late).rejects.toMatchObject({ code: "DEADLINE" });
    expect(copies.map(({ calls }) => calls)).toEqual([0, 0]);
  });
});

it("does not connect to what is not there", async () => {
  const gone = new Copy();
  await gone.listen();
  await gone.stop();
  const addresses = [`127.0.0.1:${gone.port}`];
  const connecting = ReplicaSet.connect(addresses, FILTER_SERVICE, { servingWithinMs: 500 });
  await expect(connecting).rejects.toMatchObject({ code: "UNAVAILABLE" });
});
