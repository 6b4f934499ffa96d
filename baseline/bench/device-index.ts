/**
 * The mesh's flat index on a device by itself, its scores gone through whole and in blocks:
 * `npm run bench:device-index [-- ITEMS [ROUNDS [DEVICE]]]`. Random items of 128 dimensions, 192 rows
 * wanted, as for k 100; batches of several sizes, their queries with several filters among them, each
 * of which three in ten rows pass. The bits of filters are made anew for each batch, as the service
 * makes them, and timed beside the walk. What is found in blocks has to be of the same values as what
 * is found of whole lists; of equal ones a device may take any.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../../src/math/quantile.ts";
import { pairedRatio } from "../../src/math/paired-ratio.ts";
import { Random } from "../../src/math/random.ts";
import type { Device } from "../../src/onnx/device.ts";
import { packRows } from "../filter/pack-rows.ts";
import { DeviceIndex, topKFormOf, writeDeviceIndex } from "../index/device-index.ts";
import type { Walked } from "../index/walk.ts";
import { RowSet } from "../row-set.ts";

const DIM = 128;
const WANTED = 192;
const BATCHES = [1, 8, 32];
/** Different filters in a batch; 0: no query has one. */
const FILTERS = [0, 1, 4, 16];
const PASSING_SHARE = 0.3;
const WARM_UPS = 2;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Uniform in [-1, 1): ten million items are made in seconds. */
function itemsOf(count: number): Float32Array {
  const random = new Random(1);
  const embeddings = new Float32Array(count * DIM);
  for (let at = 0; at < embeddings.length; at++) embeddings[at] = random.bits() / 2 ** 31 - 1;
  return embeddings;
}

function filterOf(items: number, seed: number): RowSet {
  const random = new Random(seed);
  const rows: number[] = [];
  for (let row = 0; row < items; row++) if (random.float() < PASSING_SHARE) rows.push(row);
  return new RowSet(packRows(Uint32Array.from(rows)));
}

interface Batch {
  readonly queries: Float32Array;
  /** One a query. */
  readonly filters: readonly (RowSet | null)[];
}

/** Where there are fewer filters than queries, one query in each turn has none. */
function batchOf(size: number, filters: readonly RowSet[]): Batch {
  const random = new Random(size);
  const turn = [...filters, ...(filters.length < size ? [null] : [])];
  return {
    queries: Float32Array.from({ length: size * DIM }, () => random.gaussian()),
    filters: Array.from({ length: size }, (_, at) => turn[at % turn.length]!),
  };
}

interface Walk {
  readonly bitsMs: number;
  readonly walkMs: number;
  readonly found: Walked;
}

async function walk(index: DeviceIndex, { queries, filters }: Batch): Promise<Walk> {
  const startMs = performance.now();
  const bits = index.bitsOf(filters);
  const walkedFromMs = performance.now();
  const found = await index.walk(queries.slice(), bits, WANTED);
  const endMs = performance.now();
  return { bitsMs: walkedFromMs - startMs, walkMs: endMs - walkedFromMs, found };
}

/** In words, how what blocks found differs from what whole lists have, or from what may be found. */
function told(blocks: Walked, whole: Walked, { filters }: Batch): string {
  let [values, rows, forbidden] = [0, 0, 0];
  for (const [at, row] of blocks.rows.entries()) {
    if (blocks.values[at] !== whole.values[at]) values++;
    if (row !== whole.rows[at]) rows++;
    const query = Math.floor(at / WANTED);
    const isFound = at % WANTED < blocks.counts[query]!;
    if (isFound && filters[query]?.has(row) === false) forbidden++;
  }
  if (values > 0 || forbidden > 0) {
    return `NOT THE SAME: ${values} other values, ${forbidden} rows that do not pass`;
  }
  return rows === 0 ? "the same rows" : `the same values, ${rows} other rows`;
}

interface Indexes {
  readonly whole: DeviceIndex;
  readonly blocks: DeviceIndex;
}

async function compare({ whole, blocks }: Indexes, batch: Batch, rounds: number): Promise<string> {
  const walks: { readonly whole: Walk; readonly blocks: Walk }[] = [];
  for (let round = -WARM_UPS; round < rounds; round++) {
    const isWholeFirst = round % 2 === 0;
    const first = await walk(isWholeFirst ? whole : blocks, batch);
    const second = await walk(isWholeFirst ? blocks : whole, batch);
    if (round < 0) continue;
    walks.push(isWholeFirst ? { whole: first, blocks: second } : { whole: second, blocks: first });
  }
  const pairs = walks.map((one) => ({ of: one.whole.walkMs, over: one.blocks.walkMs }));
  const { ratio, low, high } = pairedRatio(pairs, "lower");
  const wholeMs = median(pairs.map(({ of }) => of));
  const blocksMs = median(pairs.map(({ over }) => over));
  const bitsMs = median(walks.map((one) => one.blocks.bitsMs));
  const size = batch.filters.length;
  const last = walks.at(-1)!;
  return [
    `whole ${wholeMs.toFixed(2).padStart(8)} ms`,
    `blocks ${blocksMs.toFixed(2).padStart(8)} ms, ${((1000 * size) / blocksMs).toFixed(0).padStart(6)}/s`,
    `whole over blocks ${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`,
    `bits ${bitsMs.toFixed(2)} ms`,
    told(last.blocks.found, last.whole.found, batch),
  ].join("; ");
}

interface Extent {
  readonly items: number;
  readonly rounds: number;
  readonly device: Device;
}

async function main(extent: Extent): Promise<void> {
  const { items, device } = extent;
  const folder = await mkdtemp(join(tmpdir(), "silverbench-device-index-"));
  try {
    const embeddings = itemsOf(items);
    const open = async (name: string, blockWidth: number): Promise<DeviceIndex> => {
      const own = join(folder, name);
      await mkdir(own);
      const form = { ...topKFormOf(device), blockWidth };
      await writeDeviceIndex(own, { embeddings, dim: DIM, device, form });
      return await DeviceIndex.open(own, { items, dim: DIM, device });
    };
    await using whole = await open("whole", 0);
    await using blocks = await open("blocks", topKFormOf(device).blockWidth);
    const sets = Array.from({ length: Math.max(...FILTERS) }, (_, at) => filterOf(items, 100 + at));
    say(`${items} x ${DIM} on ${device}, ${WANTED} rows wanted, ${extent.rounds} rounds:`);
    for (const size of BATCHES) {
      for (const count of FILTERS.filter((one) => one <= size)) {
        const batch = batchOf(size, sets.slice(0, count));
        const line = await compare({ whole, blocks }, batch, extent.rounds);
        say(`  ${`${size} queries, ${count} filters`.padEnd(24)} ${line}`);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const [items = 200_000, rounds = 10] = process.argv.slice(2, 4).map(Number);
say(`${cpus()[0]?.model}, Node ${process.version}`);
await main({ items, rounds, device: (process.argv[4] ?? "cpu") as Device });
