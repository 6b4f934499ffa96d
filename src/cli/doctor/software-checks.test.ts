import { expect, test } from "vitest";
import { nodeCheck } from "./software-checks.ts";

test.for([
  ["18.20.0", "missing"],
  ["20.18.3", "missing"],
  ["20.19.0", "ok"],
  ["22.1.0", "ok"],
] as const)("Node %s is %s", ([version, status]) => {
  expect(nodeCheck(version).status).toBe(status);
});
