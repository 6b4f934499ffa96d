import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requireDevice } from "./device.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { fallenBack, requireOnDevice } from "./placement.ts";
import { Session } from "./session.ts";

let folder = "";
let file = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-placement-"));
  file = join(folder, "graph.onnx");
  const graph = new GraphBuilder("graph");
  const x = graph.input("x", "float32", ["n", 4]);
  const gram = graph.node("MatMul", [x, graph.node("Transpose", [x])]);
  graph.output("y", graph.node("Add", [gram, gram]), "float32", ["n", "n"]);
  await writeFile(file, graph.toBytes());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rows = (count: number): Parameters<Session["run"]>[0] => ({
  x: { type: "float32", dims: [count, 4], data: new Float32Array(count * 4) },
});

test("a session tells where its nodes ran, and which of them are heavy", async () => {
  await using session = await Session.open({ file, device: "cpu", threads: 1, profile: true });
  await session.run(rows(2));
  const placements = await session.placements();
  expect(placements.every(({ provider }) => provider === "CPUExecutionProvider")).toBe(true);
  expect(fallenBack(placements, "cpu")).toEqual([]);
  // Of 16 bytes, the sum may run anywhere; a product may not.
  expect(fallenBack(placements, "cuda").map(({ op }) => op)).toEqual(["FusedMatMul"]);
});

test("a node that writes much is heavy, whatever it computes", async () => {
  await using session = await Session.open({ file, device: "cpu", threads: 1, profile: true });
  await session.run(rows(200));
  const heavy = fallenBack(await session.placements(), "webgpu");
  expect(heavy.map(({ op }) => op).toSorted()).toEqual(["Add", "FusedMatMul"]);
  expect(heavy.find(({ op }) => op === "Add")).toMatchObject({ outputBytes: 200 * 200 * 4 });
});

test("what should have run elsewhere is refused by name, with what to do about it", async () => {
  await using session = await Session.open({ file, device: "cpu", threads: 1, profile: true });
  await session.run(rows(200));
  const placements = await session.placements();
  expect(() => requireOnDevice(placements, "cpu", "set it")).not.toThrow();
  const refused = (): void => requireOnDevice(placements, "webgpu", "set it");
  expect(refused).toThrow(
    expect.objectContaining({
      code: "UNAVAILABLE",
      where: "device",
      hint: "set it",
      message: expect.stringMatching(
        /^the device webgpu does not run FusedMatMul \(.+\), Add \(.+\): they fell back to the CPU$/,
      ) as string,
    }),
  );
  const [one] = fallenBack(placements, "webgpu");
  const many = Array.from({ length: 7 }, () => one!);
  expect(() => requireOnDevice(many, "webgpu", "set it")).toThrow(/\) and 2 more: they fell back/);
});

test("without a profile no one knows where they ran", async () => {
  await using session = await Session.open({ file, device: "cpu", threads: 1 });
  await expect(session.placements()).rejects.toMatchObject({ code: "INTERNAL" });
});

test("the CPU is there; a device that is not says what is missing and what to do", async () => {
  await expect(requireDevice("cpu")).resolves.toBeUndefined();
  const missing = await requireDevice("cuda").catch((error: unknown) => error);
  // On a machine with CUDA there is nothing to see.
  if (missing === undefined) return;
  expect(missing).toMatchObject({
    code: "UNAVAILABLE",
    where: "device",
    message: expect.stringMatching(/cuda cannot be used here.*cpu, webgpu, cuda \(if/) as string,
    hint: expect.stringContaining("CUDA 13") as string,
  });
});
