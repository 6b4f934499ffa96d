import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostTensor } from "./element-type.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { SessionThread } from "./session-thread.ts";
import { SessionThreads } from "./session-threads.ts";

let folder = "";
let file = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-thread-"));
  file = join(folder, "double.onnx");
  const graph = new GraphBuilder("double");
  const x = graph.input("x", "float32", ["n"]);
  graph.output("y", graph.node("Add", [x, x]), "float32", ["n"]);
  await writeFile(file, graph.toBytes());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (): Promise<SessionThread> => SessionThread.open({ file, device: "cpu", threads: 1 });
const floats = (...data: number[]): HostTensor => ({
  type: "float32",
  dims: [data.length],
  data: Float32Array.from(data),
});

test("runs asked for at once each get their own answer, and the feeds are handed over", async () => {
  await using session = await open();
  const feeds = Array.from({ length: 20 }, (_, at) => ({ x: floats(at, -at) }));
  const results = await Promise.all(feeds.map((feed) => session.run(feed)));
  expect(results.map(({ y }) => [...(y!.data as Float32Array)])).toEqual(
    feeds.map((_, at) => [2 * at, -2 * at]),
  );
  expect(feeds[0]!.x.data.length).toBe(0);
});

test("a view of a part of a buffer is copied, so that the rest stays with its owner", async () => {
  await using session = await open();
  const whole = Float32Array.of(1, 2, 3, 4);
  const { y } = await session.run({
    x: { type: "float32", dims: [2], data: whole.subarray(1, 3) },
  });
  expect([...(y!.data as Float32Array)]).toEqual([4, 6]);
  expect([...whole]).toEqual([1, 2, 3, 4]);
});

test("what is lent comes back with the results, on the buffer that it was on", async () => {
  await using session = await open();
  const whole = Float32Array.of(1, 2, 3, 4);
  const x: HostTensor = { type: "float32", dims: [2], data: whole.subarray(1, 3) };
  const results = await session.run({ x }, ["x"]);
  expect([...(results["y"]!.data as Float32Array)]).toEqual([4, 6]);
  expect(whole.length).toBe(0);
  const back = results["x"]!.data as Float32Array;
  expect([...new Float32Array(back.buffer)]).toEqual([1, 2, 3, 4]);
  expect(back.byteOffset).toBe(4);
});

test("a run that fails says why and leaves the session in order", async () => {
  await using session = await open();
  await expect(session.run({})).rejects.toMatchObject({
    code: "INTERNAL",
    where: file,
    cause: expect.objectContaining({ message: expect.stringContaining("'x'") as string }) as Error,
  });
  await expect(session.run({ x: floats(1) })).resolves.toMatchObject({ y: { dims: [1] } });
});

test("a graph that cannot be loaded is named, and its thread is gone", async () => {
  const missing = join(folder, "missing.onnx");
  await expect(
    SessionThread.open({ file: missing, device: "cpu", threads: 1 }),
  ).rejects.toMatchObject({
    code: "DATA",
    where: missing,
  });
});

test("after it is closed, runs under way and later ones are refused", async () => {
  const session = await open();
  const underWay = session.run({ x: floats(1) }).catch((error: unknown) => error);
  await session[Symbol.asyncDispose]();
  expect(await underWay).toMatchObject({ code: "UNAVAILABLE" });
  await expect(session.run({ x: floats(1) })).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("a thread whose session was closed is the next one's, which may be of another graph; one waits", async () => {
  const other = join(folder, "half.onnx");
  const graph = new GraphBuilder("half");
  const y = graph.input("y", "float32", ["n"]);
  graph.output(
    "z",
    graph.node("Mul", [y, graph.constant("float32", [], Float32Array.of(0.5))]),
    "float32",
    ["n"],
  );
  await writeFile(other, graph.toBytes());
  await using threads = new SessionThreads();
  const openIn = (of: string): Promise<SessionThread> =>
    SessionThread.open({ file: of, device: "cpu", threads: 1 }, undefined, threads);
  const [first, second] = [await openIn(file), await openIn(file)];
  const underWay = first.run({ x: floats(1) }).catch((error: unknown) => error);
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  expect(await underWay).toMatchObject({ code: "UNAVAILABLE" });
  const waiting = threads.take()!;
  const { threadId } = waiting;
  expect(threads.keep(waiting)).toBe(true);
  // Of two one is enough.
  await second[Symbol.asyncDispose]();
  await using third = await openIn(other);
  expect(threads.take()).toBeNull();
  expect((await third.run({ y: floats(3) }))["z"]!.data).toEqual(Float32Array.of(1.5));
  await expect(first.run({ x: floats(1) })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await third[Symbol.asyncDispose]();
  const last = threads.take()!;
  expect(last.threadId).toBe(threadId);
  // One that ends meanwhile is nobody's.
  expect(threads.keep(last)).toBe(true);
  await last.terminate();
  expect(threads.take()).toBeNull();
  await using fourth = await openIn(file);
  expect((await fourth.run({ x: floats(2) }))["y"]!.data).toEqual(Float32Array.of(4));
});
