import { expect, test } from "vitest";
import { deviceCheck, triedApart } from "./device-checks.ts";

test("a device that runs a graph is there", () => {
  expect(deviceCheck("webgpu", null)).toMatchObject({ name: "device webgpu", status: "ok" });
});

test("without the CPU nothing works; a GPU is needed by those who name it", () => {
  expect(deviceCheck("cpu", "no such library\nreinstall it")).toMatchObject({
    status: "missing",
    found: "does not load: no such library",
    advice: "reinstall it",
  });
  expect(deviceCheck("cuda", "no driver\ninstall CUDA").advice).toBe(
    "only `device: cuda` needs it. install CUDA",
  );
});

test("what throws says why, and a process that ends at once is found out as well", async () => {
  expect(await triedApart("")).toBeNull();
  expect(await triedApart('throw new Error("no driver")')).toBe("no driver");
  const killed = await triedApart('process.kill(process.pid, "SIGKILL");');
  expect(deviceCheck("webgpu", killed).found).toBe("does not load: its process ended");
});
