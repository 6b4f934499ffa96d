import { expect, test } from "vitest";
import { readMachine } from "./machine.ts";

test("the fingerprint is whole and the same each time it is read", async () => {
  const machine = await readMachine();
  expect(machine.cpu).not.toBe("");
  expect(machine.cores).toBeGreaterThan(0);
  expect(machine.memoryBytes).toBeGreaterThan(2 ** 28);
  expect(machine.node).toBe(process.version);
  expect(machine.packages["@grpc/grpc-js"]).toMatch(/^\d+\.\d+\.\d+/);
  expect(machine.class).toMatch(/^[0-9a-f]{12}$/);
  expect((await readMachine()).class).toBe(machine.class);
});
