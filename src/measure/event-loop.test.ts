import { expect, test } from "vitest";
import { EventLoopProbe } from "./event-loop.ts";

/** Keeps the thread busy. */
function spin(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

test("a thread that is kept busy shows it in its lag", async () => {
  const probe = new EventLoopProbe();
  for (let i = 0; i < 4; i++) {
    spin(60);
    await new Promise(setImmediate);
  }
  const busy = probe.stop();
  expect(busy.cpuShare).toBeGreaterThan(0);
  // The thread could not have come sooner: it was in `spin` for 60 ms.
  expect(busy.lagP99Ms).toBeGreaterThan(30);
  expect(busy.gcShare).toBeGreaterThanOrEqual(0);
});
