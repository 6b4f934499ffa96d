/**
 * Which blocks a long list is best gone through in (graph/block-top-k.ts):
 * `npm run bench:top-k [-- ITEMS [ROUNDS [THREADS [DEVICE]]]]`. A product and what takes the best of it, in
 * one session, for lists that are gone through whole and in blocks of several widths; random items
 * of 128 dimensions, batches of 64 queries. Ratios are paired by round.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../src/math/random.ts";
import type { Device } from "../../src/onnx/device.ts";
import { GraphBuilder, type Value } from "../../src/onnx/graph-builder.ts";
import { Session } from "../../src/onnx/session.ts";
import { type StoredTensor, WeightsFile } from "../../src/onnx/weights-file.ts";
import { bestOfMany } from "../graph/block-top-k.ts";
import { type DeviceForm, formOf } from "../graph/device-form.ts";
import { quantisedScoring, type QuantisedItems } from "../graph/quantised-scoring.ts";
import { scoring } from "../graph/scoring.ts";
import { contest } from "./contest.ts";
import { speedLine } from "./speed-table.ts";

const DIM = 128;
const BATCH = 64;
/** 0: whole. */
const WIDTHS = [0, 16, 32, 64, 128, 256];

/** What a product is of, and the places of a list that it is followed by. */
interface Product {
  readonly name: string;
  readonly k: number;
  readonly scores: (graph: GraphBuilder, queries: Value, form: DeviceForm) => Value;
}

interface Extent {
  readonly items: number;
  readonly rounds: number;
  readonly threads: number;
  readonly device: Device;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function productsOf(file: WeightsFile, items: number): Promise<Product[]> {
  const random = new Random(1);
  const embeddings = Float32Array.from({ length: items * DIM }, () => random.gaussian());
  const codes = Int8Array.from({ length: items * DIM }, () => random.int(255) - 127);
  const floats: StoredTensor = await file.add("items", "float32", [items, DIM], embeddings);
  const quantised: QuantisedItems = {
    codes: await file.add("codes", "int8", [DIM, items], codes),
    scales: await file.add("scales", "float32", [items], new Float32Array(items).fill(1)),
  };
  const shape = { heads: 1, lists: "score" } as const;
  return [
    { name: "float32", k: 100, scores: (graph, queries) => scoring(graph, queries, floats, shape) },
    {
      name: "int8",
      // As many as are scored again for 100.
      k: 157,
      scores: (graph, queries, form) =>
        quantisedScoring(graph, queries, quantised, { ...shape, form }),
    },
  ];
}

async function compare({ items, rounds, threads, device }: Extent): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "silverbench-top-k-"));
  const sessions: Session[] = [];
  try {
    await using weights = await WeightsFile.create(join(folder, "top-k.data"));
    const products = await productsOf(weights, items);
    await weights.finish();
    const random = new Random(2);
    const data = Float32Array.from({ length: BATCH * DIM }, () => random.gaussian());
    for (const { name, k, scores } of products) {
      const nameOf = (width: number): string =>
        `${name}, ${width === 0 ? "whole" : `blocks of ${width}`}`;
      const contestants = [];
      for (const width of WIDTHS) {
        const form = { ...formOf(device), blockWidth: width };
        const graph = new GraphBuilder("top-k");
        const queries = graph.input("queries", "float32", ["batch", DIM]);
        const best = bestOfMany(
          graph,
          scores(graph, queries, form),
          graph.input("k", "int64", [1]),
          { places: items, lists: 1, form },
        );
        graph.output("values", best.values, "float32", ["batch", "k"]);
        graph.output("rows", best.rows, "int64", ["batch", "k"]);
        const file = join(folder, `${name}-${width}.onnx`);
        await writeFile(file, graph.toBytes());
        const session = await Session.open({ file, device, threads });
        sessions.push(session);
        const feeds = {
          queries: { type: "float32" as const, dims: [BATCH, DIM], data },
          k: { type: "int64" as const, dims: [1], data: BigInt64Array.of(BigInt(k)) },
        };
        contestants.push({ name: nameOf(width), run: () => session.run(feeds) });
      }
      const times = await contest(contestants, rounds);
      const found: string[] = [];
      for (const { run } of contestants) found.push(String((await run())["rows"]!.data));
      const unlike = WIDTHS.filter((_, at) => found[at] !== found[0]);
      say(`\n${items} x ${DIM}, ${name}, k ${k}, batch ${BATCH}, ${threads} threads of ${device}:`);
      say(unlike.length === 0 ? "  all found the same" : `  NOT THE SAME: ${unlike.join(", ")}`);
      for (const width of WIDTHS) {
        say(speedLine(times, { name: nameOf(width), over: nameOf(0), batch: BATCH, more: "" }));
      }
    }
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

const [items = 200_192, rounds = 30, threads = 2] = process.argv.slice(2, 5).map(Number);
say(`${cpus()[0]?.model}, Node ${process.version}`);
await compare({ items, rounds, threads, device: (process.argv[5] ?? "cpu") as Device });
