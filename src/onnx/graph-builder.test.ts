import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostTensor } from "./element-type.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { Session } from "./session.ts";
import { WeightsFile } from "./weights-file.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-onnx-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const floats = (dims: number[], ...data: number[]): HostTensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(data),
});

let graphs = 0;
async function run(
  graph: GraphBuilder,
  feeds: Record<string, HostTensor>,
): Promise<Record<string, number[]>> {
  const file = join(folder, `${graphs++}.onnx`);
  await writeFile(file, graph.toBytes());
  await using session = await Session.open({ file, device: "cpu", threads: 1 });
  const results = await session.run(feeds);
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]),
  );
}

test("writes a graph that ONNX Runtime runs", async () => {
  const graph = new GraphBuilder("sum");
  const x = graph.input("x", "float32", ["n"]);
  const two = graph.constant("float32", [], Float32Array.of(2));
  graph.output("y", graph.node("Mul", [x, two]), "float32", ["n"]);
  expect(await run(graph, { x: floats([3], 1, 2, 3) })).toEqual({ y: [2, 4, 6] });
});

const ask = (value: number): HostTensor => ({
  type: "bool",
  dims: [],
  data: Uint8Array.of(value),
});

test("a loop inside a branch uses values of the graphs around it", async () => {
  const graph = new GraphBuilder("power");
  const x = graph.input("x", "float32", [1]);
  const times = graph.input("times", "int64", []);
  const asked = graph.input("asked", "bool", []);
  const then = graph.subgraph("then");
  const body = then.subgraph("body");
  body.input("i", "int64", []);
  const goOn = body.input("go_on", "bool", []);
  const held = body.input("held", "float32", [1]);
  body.output("go_on", goOn, "bool", []);
  body.output("held", body.node("Mul", [held, x]), "float32", [1]);
  const always = then.constant("bool", [], Uint8Array.of(1));
  then.output("y", then.node("Loop", [times, always, x], { attributes: { body } }), "float32", [1]);
  const otherwise = graph.subgraph("else");
  otherwise.output("y", otherwise.node("Neg", [x]), "float32", [1]);
  const y = graph.node("If", [asked], {
    attributes: { then_branch: then, else_branch: otherwise },
  });
  graph.output("y", y, "float32", [1]);

  const feeds = {
    x: floats([1], 3),
    times: { type: "int64", dims: [], data: BigInt64Array.of(3n) },
  } as const;
  expect(await run(graph, { ...feeds, asked: ask(1) })).toEqual({ y: [81] });
  expect(await run(graph, { ...feeds, asked: ask(0) })).toEqual({ y: [-3] });
});

test("weights lie beside the graph, aligned, and several graphs may use them", async () => {
  await using weights = await WeightsFile.create(join(folder, "w.data"));
  const small = await weights.add("small", "float32", [3], Float32Array.of(1, 10, 100));
  const pieces = [new Float32Array(2000).fill(1), new Float32Array(1000).fill(2)];
  const large = await weights.add("large", "float32", [3, 1000], pieces);
  const sha256 = await weights.finish();
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(large.offset % 4096).toBe(0);
  expect((await readFile(join(folder, "w.data"))).length).toBe(weights.bytes);

  const graph = new GraphBuilder("weighted");
  const x = graph.input("x", "float32", [1, 3]);
  const product = graph.node("MatMul", [
    graph.node("Mul", [x, graph.weight(small)]),
    graph.weight(large),
  ]);
  graph.output("y", graph.node("ReduceMax", [product]), "float32", [1, 1]);
  expect(await run(graph, { x: floats([1, 3], 1, 1, 1) })).toEqual({ y: [1 + 10 + 2 * 100] });
});

test("a shape that does not fit its bytes is a fault of ours, found at once", async () => {
  await using weights = await WeightsFile.create(join(folder, "bad.data"));
  await expect(weights.add("x", "float32", [3], new Float32Array(2))).rejects.toThrow(
    "tensor x: float32[3] takes 12 bytes, 8 were written",
  );
  await weights.add("y", "uint8", [1], new Uint8Array(1));
  await expect(weights.add("y", "uint8", [1], new Uint8Array(1))).rejects.toThrow("already holds");
  const graph = new GraphBuilder("bad");
  expect(() => graph.constant("int64", [200], new BigInt64Array(200))).toThrow("inline limit 1024");
});

test("of equal values the first one comes first", async () => {
  const graph = new GraphBuilder("top");
  const x = graph.input("x", "float32", ["n", "m"]);
  const [, rows] = graph.nodes("TopK", [x, graph.ints(4)], 2, { attributes: { axis: 1 } });
  graph.output("rows", rows!, "int64", ["n", 4]);
  const values = Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 && at >= 500 ? 1 : 0));
  expect(await run(graph, { x: floats([1, 1000], ...values) })).toEqual({
    rows: [500, 502, 504, 506],
  });
});

test("a file that is no graph, or none, is named", async () => {
  const file = join(folder, "broken.onnx");
  await writeFile(file, "not a graph");
  await expect(Session.open({ file, device: "cpu", threads: 1 })).rejects.toMatchObject({
    code: "DATA",
    where: file,
  });
  const missing = join(folder, "missing.onnx");
  await expect(Session.open({ file: missing, device: "cpu", threads: 1 })).rejects.toMatchObject({
    code: "DATA",
    where: missing,
  });
});
