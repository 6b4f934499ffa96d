/**
 * Which blocks a long list is best gone through in (src/onnx/block-top-k.ts):
 * `npm run bench:top-k [-- ITEMS [ROUNDS [THREADS [DEVICE]]]]`. A product and what takes the best of it, in
 * one session, for lists that are gone through whole and in blocks of several widths; random items
 * of 128 dimensions, batches of 64 queries. Ratios are paired by round. What is found is compared with
 * what is found of the whole list; of equal scores a device may take any, so it is the values that have
 * to be the same, and each row has to have the score that it stands for.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../src/math/random.ts";
import { bestOfMany } from "../../src/onnx/block-top-k.ts";
import type { Device } from "../../src/onnx/device.ts";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import { GraphBuilder, type Value } from "../../src/onnx/graph-builder.ts";
import { fallenBack } from "../../src/onnx/placement.ts";
import { Session } from "../../src/onnx/session.ts";
import { type StoredTensor, WeightsFile } from "../../src/onnx/weights-file.ts";
import { type DeviceForm, formOf } from "../graph/device-form.ts";
import { quantisedScoring, type QuantisedItems } from "../graph/quantised-scoring.ts";
import { scoring } from "../graph/scoring.ts";
import { contest, type Contestant } from "./contest.ts";
import { speedLine } from "./speed-table.ts";
import { difference, foundOf, toldDifference } from "./top-k-answers.ts";

const DIM = 128;
const BATCH = 64;
const WIDTHS = [16, 32, 64, 128, 256];

/** A way to the best of a list, as a device's form has it but for this. */
interface Way {
  readonly name: string;
  readonly form: Partial<DeviceForm>;
}

const WHOLE: Way = { name: "whole", form: { blockWidth: 0 } };

/** Each width in the device's own way, and two of them in the other. */
function waysOf(device: Device): readonly Way[] {
  const { blocks } = formOf(device);
  const other = blocks === "nested" ? "levelled" : "nested";
  const inBlocks = (blockWidth: number, way: DeviceForm["blocks"]): Way => ({
    name: `${way} blocks of ${blockWidth}`,
    form: { blockWidth, blocks: way },
  });
  return [
    WHOLE,
    ...WIDTHS.map((width) => inBlocks(width, blocks)),
    ...[32, 128].map((width) => inBlocks(width, other)),
  ];
}

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

/** A product, and what is made of it. */
class Ways implements AsyncDisposable {
  readonly #folder: string;
  readonly #extent: Extent;
  readonly #sessions: Session[] = [];

  constructor(folder: string, extent: Extent) {
    this.#folder = folder;
    this.#extent = extent;
  }

  /** @param make Adds to a graph with queries float32 [batch, DIM] what follows and its outputs. */
  async open(name: string, make: (graph: GraphBuilder, queries: Value) => void): Promise<Session> {
    const { device, threads } = this.#extent;
    const graph = new GraphBuilder("top-k");
    make(graph, graph.input("queries", "float32", ["batch", DIM]));
    const file = join(this.#folder, `${name}.onnx`);
    await writeFile(file, graph.toBytes());
    const session = await Session.open({ file, device, threads, profile: device !== "cpu" });
    this.#sessions.push(session);
    return session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) await session[Symbol.asyncDispose]();
  }
}

/** Runs it, and says which of its nodes a device leaves to the processor. */
async function tried(
  session: Session,
  { name, feeds, device }: { name: string; feeds: Record<string, HostTensor>; device: Device },
): Promise<Record<string, HostTensor>> {
  const results = await session.run(feeds);
  if (device !== "cpu") {
    const heavy = fallenBack(await session.placements(), device);
    if (heavy.length > 0) {
      say(`  ${name}: ON THE CPU ${heavy.map(({ op, node }) => `${op} (${node})`).join(", ")}`);
    }
  }
  return results;
}

async function compareProduct(
  { name, k, scores }: Product,
  ways: Ways,
  { items, rounds, threads, device }: Extent,
): Promise<void> {
  say(`\n${items} x ${DIM}, ${name}, k ${k}, batch ${BATCH}, ${threads} threads of ${device}:`);
  const random = new Random(2);
  const data = Float32Array.from({ length: BATCH * DIM }, () => random.gaussian());
  const queries: HostTensor = { type: "float32", dims: [BATCH, DIM], data };
  const feeds = {
    queries,
    k: { type: "int64" as const, dims: [1], data: BigInt64Array.of(BigInt(k)) },
  };
  const own = formOf(device);
  const product = await ways.open(`${name} product`, (graph, input) => {
    graph.output("scores", scores(graph, input, own), "float32", ["batch", items]);
  });
  const all = (await tried(product, { name: "product", feeds: { queries }, device }))["scores"]!
    .data as Float32Array;
  // What no way to the best can be faster than: the product, and the largest of each block.
  const least = await ways.open(`${name} least`, (graph, input) => {
    const blocks = graph.reshape(scores(graph, input, own), 0, items / 32, 32);
    const largestOf = (of: Value): Value =>
      graph.node("ReduceMax", [of, graph.ints(-1)], { attributes: { keepdims: 0 } });
    graph.output("largest", largestOf(largestOf(blocks)), "float32", ["batch"]);
  });
  await tried(least, { name: "largest of blocks", feeds: { queries }, device });
  const contestants: Contestant[] = [
    { name: "product and largest of blocks", run: () => least.run({ queries }) },
  ];
  const found = [];
  for (const way of waysOf(device)) {
    const session = await ways.open(`${name} ${way.name}`, (graph, input) => {
      const form = { ...own, ...way.form };
      const wanted = graph.input("k", "int64", [1]);
      const best = bestOfMany(graph, scores(graph, input, form), wanted, {
        places: items,
        lists: 1,
        form,
      });
      graph.output("values", best.values, "float32", ["batch", "k"]);
      graph.output("rows", best.rows, "int64", ["batch", "k"]);
    });
    const results = foundOf(await tried(session, { name: way.name, feeds, device }));
    found.push({ way, results });
    contestants.push({ name: way.name, run: () => session.run(feeds) });
  }
  const whole = found[0]!.results;
  const told = new Map(
    found.map(({ way, results }) => [
      way.name,
      toldDifference(difference(results, whole, all, k), BATCH * k),
    ]),
  );
  const times = await contest(contestants, rounds);
  for (const contestant of contestants) {
    const more = told.get(contestant.name) ?? "";
    say(speedLine(times, { name: contestant.name, over: WHOLE.name, batch: BATCH, more }));
  }
}

async function compare(extent: Extent): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "silverbench-top-k-"));
  try {
    await using weights = await WeightsFile.create(join(folder, "top-k.data"));
    const products = await productsOf(weights, extent.items);
    await weights.finish();
    for (const product of products) {
      await using ways = new Ways(folder, extent);
      await compareProduct(product, ways, extent);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const [items = 200_192, rounds = 30, threads = 2] = process.argv.slice(2, 5).map(Number);
say(`${cpus()[0]?.model}, Node ${process.version}`);
await compare({ items, rounds, threads, device: (process.argv[5] ?? "cpu") as Device });
