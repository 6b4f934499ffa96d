import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, expect, test } from "vitest";
import { openTestDevice } from "./gpu.fixture.ts";

const device = await openTestDevice();
afterAll(() => device?.[Symbol.asyncDispose]());

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

test.skipIf(device === null)("to have waited for the device leaves nothing behind", async () => {
  const heldAfter = async (waits: number): Promise<number> => {
    for (let n = 0; n < waits; n++) await device!.settle(Promise.resolve());
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await heldAfter(1000);
  // A few hundred bytes each would be 30 MB.
  expect((await heldAfter(100_000)) - before).toBeLessThan(2 ** 22);
});

test.skipIf(device === null)(
  "who waits for a device that is lost is told, then and later",
  async () => {
    const lost = (await openTestDevice())!;
    const waiting = lost.settle(new Promise(() => {}));
    lost.raw.destroy();
    await expect(waiting).rejects.toThrow(/lost/);
    await expect(lost.settle(Promise.reject(new Error("refused")))).rejects.toThrow(/lost/);
    expect(() => lost.check()).toThrow(/lost/);
    await lost[Symbol.asyncDispose]();
  },
);
