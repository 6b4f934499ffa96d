import { expect, test } from "vitest";
import { fileCheck, freePorts, limitChecks, portCheck } from "./limit-checks.ts";

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 524288               files`;

test.for([
  ["1024", "warn"],
  ["4096", "ok"],
  ["unlimited", "ok"],
] as const)("%s open files are %s", ([soft, status]) => {
  const check = fileCheck(limits(soft));
  expect(check.status).toBe(status);
  expect(check.found).toContain(soft);
});

test("ports in use, and those of connections that wait for their end, are not free", () => {
  const sockets = "sockets: used 99\nTCP: inuse 200 orphan 0 tw 28000 alloc 220 mem 12";
  expect(freePorts("32768\t60999", "")).toBe(28_232);
  expect(freePorts("32768\t60999", sockets)).toBe(32);
  expect(portCheck(null, 32)).toMatchObject({ status: "warn", advice: expect.any(String) });
  expect(portCheck(null, 28_000).status).toBe("ok");
});

test("a loopback interface that cannot be listened on is what nothing works without", () => {
  expect(portCheck("listen EACCES", null)).toMatchObject({
    status: "missing",
    found: expect.stringContaining("EACCES"),
  });
});

test("here ports can be had", async () => {
  const checks = await limitChecks();
  expect(checks.find(({ name }) => name === "ports")?.status).not.toBe("missing");
});
