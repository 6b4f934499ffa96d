import { expect, test } from "vitest";
import { builtFile } from "./built-file.ts";
import type { EchoConfig } from "./echo-service.fixture.ts";
import { type ServiceLaunch, ServiceProcess } from "./service-process.ts";

const launch = (
  does: EchoConfig["does"],
  more: Partial<ServiceLaunch<EchoConfig>> = {},
): ServiceLaunch<EchoConfig> => ({
  file: builtFile(import.meta.url, "./echo-service.fixture.js"),
  role: "echo",
  config: { does },
  cpus: null,
  signal: new AbortController().signal,
  ...more,
});

const start = (
  does: EchoConfig["does"],
  more: Partial<ServiceLaunch<EchoConfig>> = {},
): Promise<ServiceProcess<{ heard: string; cpus: string }>> =>
  ServiceProcess.start(launch(does, more));

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("a service gets its config, tells its progress, is ready, and is gone once disposed", async () => {
  const progress: [string, number][] = [];
  const service = await start("serve", { onProgress: (...step) => progress.push(step) });
  expect(service.ready.heard).toBe("serve");
  expect(progress).toEqual([["loading", 0.5]]);
  expect(isAlive(service.pid)).toBe(true);
  await service[Symbol.asyncDispose]();
  expect(isAlive(service.pid)).toBe(false);
  await service[Symbol.asyncDispose]();
});

test.runIf(process.platform === "linux")("it runs on the CPUs it is given", async () => {
  await using service = await start("serve", { cpus: [0] });
  expect(service.ready.cpus).toBe("0");
});

test("an error while it starts keeps its code, its hint and says whose it is", async () => {
  await expect(start("fail")).rejects.toMatchObject({
    code: "DATA",
    message: "the index is damaged",
    hint: "build it again",
    where: "echo",
  });
});

test("one that ends while it starts is an error with what it wrote last", async () => {
  await expect(start("exit")).rejects.toThrow(/echo process .* exit code 3\nout of luck/);
});

test("one that stays silent is given up and killed", async () => {
  await expect(start("hang", { startTimeoutMs: 1_500 })).rejects.toMatchObject({
    code: "UNAVAILABLE",
  });
});

test("an abort while it starts ends it", async () => {
  const abort = new AbortController();
  const starting = start("hang", { signal: abort.signal, onProgress: () => abort.abort() });
  await expect(starting).rejects.toThrow("aborted");
});

test("a service that is killed says so", async () => {
  await using service = await start("serve");
  process.kill(service.pid, "SIGKILL");
  expect(await service.died).toMatchObject({
    code: "INVALID",
    message: expect.stringContaining("SIGKILL") as string,
    where: "echo",
  });
});

test("one that does not drain in time is killed", async () => {
  const service = await start("linger");
  await service[Symbol.asyncDispose]();
  expect(isAlive(service.pid)).toBe(false);
});
