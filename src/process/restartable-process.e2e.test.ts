import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { builtFile } from "./built-file.ts";
import type { EchoConfig } from "./echo-service.fixture.ts";
import { inflictFault } from "./inflict-fault.ts";
import { RestartableProcess } from "./restartable-process.ts";

const start = (port?: number): Promise<RestartableProcess<{ heard: string; cpus: string }>> =>
  RestartableProcess.start<EchoConfig, { heard: string; cpus: string }>(
    {
      file: builtFile(import.meta.url, "./echo-service.fixture.js"),
      role: "echo",
      config: { does: "serve" },
      cpus: null,
      signal: new AbortController().signal,
    },
    () => ({ does: "linger", ...(port === undefined ? {} : { port }) }),
  );

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const order = (kind: "kill" | "hang", service = "echo") => ({ service, kind, delayMs: 0 });

test("a process that was killed on purpose is followed by another, and nobody hears of a death", async () => {
  const service = await start();
  const { pid: first } = service;
  let isDead = false;
  void service.died.then(() => (isDead = true));
  const undo = await inflictFault([service], order("kill"));
  expect(isAlive(first)).toBe(false);
  await undo();
  expect(service.pid).not.toBe(first);
  expect(service.ready.heard).toBe("linger");
  expect(isDead).toBe(false);
  process.kill(service.pid, "SIGKILL");
  expect(await service.died).toMatchObject({ code: "INVALID", where: "echo" });
  await service[Symbol.asyncDispose]();
});

test("a port that a connection has taken meanwhile is waited for", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const service = await start((taken.address() as AddressInfo).port);
  const undo = await inflictFault([service], order("kill"));
  const undone = undo();
  await sleep(1_000);
  taken.close();
  await undone;
  expect(service.ready.heard).toBe("linger");
  process.kill(service.pid, "SIGKILL");
  await service[Symbol.asyncDispose]();
});

test("a process that hangs goes on, and is ended even while it hangs", async () => {
  const service = await start();
  const undo = await inflictFault([service], order("hang"));
  await undo();
  await inflictFault([service], order("hang"));
  await service[Symbol.asyncDispose]();
  expect(isAlive(service.pid)).toBe(false);
});

test("it is ended while it comes back", async () => {
  const service = await start();
  const undo = await inflictFault([service], order("kill"));
  const undone = undo().catch((error: unknown) => error);
  await service[Symbol.asyncDispose]();
  expect(await undone).toMatchObject({ code: "INTERRUPTED" });
  expect(isAlive(service.pid)).toBe(false);
});

test("a service that is not there is named", async () => {
  const service = await start();
  await expect(inflictFault([service], order("kill", "index"))).rejects.toThrow(
    "no process is a index; there are echo",
  );
  await service[Symbol.asyncDispose]();
});
