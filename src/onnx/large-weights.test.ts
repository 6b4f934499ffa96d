import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { elementCount } from "./element-type.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { Session } from "./session.ts";
import type { StoredTensor } from "./weights-file.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-large-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const WEIGHTS = "large.data";
const ROWS = 24_000_000;
const DIM = 128;
/** Both beyond what a protobuf message, or 32 bits, can hold: 12.3 GB of floats, then as many again. */
const first: StoredTensor = large("first", 4096);
const second: StoredTensor = large("second", first.offset + first.bytes);

function large(name: string, offset: number): StoredTensor {
  const dims = [ROWS, DIM];
  return { name, type: "float32", dims, file: WEIGHTS, offset, bytes: 4 * elementCount(dims) };
}

/** Writes a file that is all holes, and so takes no room, but for one row of each tensor. */
async function sparseWeights(): Promise<void> {
  const file = await open(join(folder, WEIGHTS), "w");
  await file.truncate(second.offset + second.bytes);
  for (const [tensor, value] of [[first, 1.5] as const, [second, -2.5] as const]) {
    const row = new Float32Array(DIM).fill(value);
    await file.write(row, 0, row.byteLength, tensor.offset + 4 * DIM * (ROWS - 1));
  }
  await file.close();
}

async function lastRowsGraph(): Promise<string> {
  const graph = new GraphBuilder("large");
  const rows = graph.input("rows", "int64", ["n"]);
  for (const tensor of [first, second]) {
    const found = graph.node("Gather", [graph.weight(tensor), rows]);
    graph.output(tensor.name, found, "float32", ["n", DIM]);
  }
  const file = join(folder, "large.onnx");
  await writeFile(file, graph.toBytes());
  return file;
}

/** Bytes of this process that are no mapping of a file; 0 where the system does not tell. */
async function ownBytes(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

test("weights of 24 GB are mapped, not read, and by each session the same", async () => {
  await sparseWeights();
  const file = await lastRowsGraph();
  const before = await ownBytes();
  await using one = await Session.open({ file, device: "cpu", threads: 1 });
  await using other = await Session.open({ file, device: "cpu", threads: 1 });
  for (const session of [one, other]) {
    const rows = BigInt64Array.of(BigInt(ROWS - 1), 0n);
    const results = await session.run({ rows: { type: "int64", dims: [2], data: rows } });
    const ends = ["first", "second"].map((name) => results[name]!.data.filter((x) => x !== 0));
    expect(ends.map((values) => [values.length, values[0]])).toEqual([
      [DIM, 1.5],
      [DIM, -2.5],
    ]);
  }
  expect((await ownBytes()) - before).toBeLessThan(200e6);
});
