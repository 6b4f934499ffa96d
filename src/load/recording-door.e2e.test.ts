import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { connectDoor } from "../door/client.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { drive } from "./drive.ts";
import { startScripted } from "./probe-system.ts";
import { openRecordingDoor } from "./recording-door.ts";
import { replaySchedule } from "./replay.ts";
import { readTrace } from "./trace.ts";

const limits = { items: 10, userDim: 1, queryDim: 1, maxInFlight: 100 };
const signal = new AbortController().signal;

test("what came through the door is written down, and can be replayed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "silverbench-record-"));
  const file = join(folder, "trace.jsonl");
  await using system = await startScripted(
    "scripted",
    { kind: "constant", delayMs: 5 },
    { name: "scripted", cpus: null, limits, onProgress: () => {}, signal },
  );
  const asked = [1, 2, 3].map((id): RetrievalRequest => ({
    user: { kind: "id", id },
    k: id,
    filter: id === 2 ? "lang:en" : "",
    exclude: Float64Array.of(id),
  }));
  {
    await using door = await openRecordingDoor({
      address: system.address,
      file,
      limits,
      ports: {},
    });
    const client = connectDoor(`127.0.0.1:${door.grpcPort}`);
    for (const request of asked) {
      await client.retrieve(request, { timeoutMs: 5_000 });
      await sleep(100);
    }
    expect(door.recorded).toBe(3);
    expect((await client.stats()).processes.map(({ role }) => role)).toEqual(["scripted"]);
    client.close();
  }
  const trace = await readTrace(file, limits);
  expect(trace.requests).toEqual(asked);
  expect(trace.atMs[0]).toBe(0);
  expect(trace.atMs[2]! - trace.atMs[1]!).toBeGreaterThanOrEqual(99);

  const schedule = replaySchedule(trace, 0.5);
  const observed = await drive({
    system,
    load: { shape: "open", schedule, maxInFlight: 10, client: "lean", connections: 1 },
    requests: trace.requests,
    startAt: 0,
    seconds: schedule.seconds,
    requestTimeoutMs: 5_000,
    signal,
  });
  expect([...observed.answers.requestOf]).toEqual([0, 1, 2]);
  expect(observed.seconds).toBeGreaterThan(0.39);
  await rm(folder, { recursive: true });
});

test("a file that cannot be written is told before the door opens", async () => {
  const opening = openRecordingDoor({ address: "127.0.0.1:9", file: "/none/x", limits, ports: {} });
  await expect(opening).rejects.toThrow("the trace cannot be written to /none/x");
});
