import { expect, test } from "vitest";
import { benchSize } from "./bench-size.ts";
import { against, requireSameRun, type OtherRun } from "./beside.ts";

const HOST = { bootId: "b-1", hostname: "one", cardUuid: "GPU-1", driver: "580" };
const RUN: OtherRun = {
  host: HOST,
  endedMs: 1_000_000,
  shape: { clusters: 4096, width: 2432, dim: 128, k: 1024 },
  results: [
    {
      filter: "none",
      probes: 24,
      requests: 256,
      best: { way: "none mask, divisor scores", requestsPerSecond: 100_000 },
      aloneMs: 3,
    },
    { filter: "narrow", probes: 24, requests: 256, best: null },
  ],
};
const here = { host: HOST, nowMs: 1_000_000 + 60_000, size: benchSize([]) };

test("a run on the same host and card a minute ago, of the same size, is one and the same", () => {
  expect(() => requireSameRun(RUN, here, "meta.json")).not.toThrow();
});

test.each([
  ["another card", { ...here, host: { ...HOST, cardUuid: "GPU-2" } }, /cardUuid GPU-1, here GPU-2/],
  ["a start of the host since", { ...here, host: { ...HOST, bootId: "b-2" } }, /bootId/],
  ["another driver", { ...here, host: { ...HOST, driver: "590" } }, /driver 580, here 590/],
  ["an hour between", { ...here, nowMs: 1_000_000 + 3_600_000 }, /60 minutes ago/],
  ["another size", { ...here, size: benchSize(["--k", "100"]) }, /k 1024, here 100/],
  ["several heads", { ...here, size: benchSize(["--heads", "2"]) }, /1 head, here 2/],
])("%s is refused, and named", (_, other, message) => {
  expect(() => requireSameRun(RUN, other, "meta.json")).toThrow(message);
});

test("the ratio is of the same filter, probes and batch, and what is missing is said", () => {
  const ours = { requestsPerSecond: 400_000, aloneMs: 1.5 };
  const of = (filter: string, requests: number): string =>
    against(RUN, { filter, probes: 24, requests }, ours);
  expect(of("none", 256)).toBe(
    "4.00 times Meta's ops: they 100000 requests/s (none mask, divisor scores); alone 3.000 ms, 2.00 times ours",
  );
  expect(of("narrow", 256)).toMatch(/none of the ways to call them worked/);
  expect(of("none", 64)).toMatch(/not measured with 24 probes at batch 64/);
});
