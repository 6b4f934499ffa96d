/**
 * How fast the index-as-model is against the least that its work can be, in one run:
 * `npm run bench:model [-- ITEMS [CLUSTERED_ITEMS [ROUNDS [THREADS]]]]`.
 * Batches of 64 in one process, without a door, which has its memory as services have theirs
 * (src/process/huge-pages.ts); each ratio is paired by round.
 */
import { cpus } from "node:os";
import { defaultCacheFolder } from "../../src/dataset/cache-folder.ts";
import { BareSearch } from "./bare-search.ts";
import { Batches, recallOf, shortOf } from "./batches.ts";
import { clusterOrder } from "./cluster-order.ts";
import { contest } from "./contest.ts";
import { foldingSpeeds } from "./folding-speeds.ts";
import { growingProbes } from "./growing-probes.ts";
import { FILTERS, WIDE_CONJUNCTION } from "./filters.ts";
import { speedLine } from "./speed-table.ts";
import { Workbench } from "./workbench.ts";

const BATCH = 64;
const SMALL_BATCH = 8;
const DIM = 128;
const K = 100;
/** Batches that the rounds go through. */
const BATCHES = 8;
const CLUSTERS = 1024;
const PROBES = 8;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Extent {
  readonly items: number;
  readonly rounds: number;
  readonly threads: number;
}

async function open({ items, threads }: Extent): Promise<Workbench> {
  const cacheFolder = defaultCacheFolder();
  return await Workbench.open({ items, dim: DIM, k: K, cacheFolder, threads, say });
}

async function everyItem(extent: Extent): Promise<void> {
  const { items, rounds, threads } = extent;
  const workbench = await open(extent);
  const float = await workbench.load({});
  const int8 = await workbench.load({ precision: "int8" });
  const folding = await workbench.load({ eligibility: "folded" });
  await using bare = await BareSearch.open(workbench.dataset, threads);
  const users = workbench.dataset.users.features;
  const asked = (filter: string): ReturnType<Workbench["requests"]> =>
    workbench.requests(filter, BATCH * BATCHES);
  const plain = asked(FILTERS.none);
  const exact = new Batches(float, plain, BATCH);
  const rounded = new Batches(int8, plain, BATCH);
  const conjunction = new Batches(float, asked(FILTERS.conjunction), BATCH);
  const folded = new Batches(folding, asked(FILTERS.conjunction), BATCH);
  const wide = new Batches(float, asked(WIDE_CONJUNCTION), BATCH);
  const always = folding.folding();
  const wideFolded = new Batches(always, asked(WIDE_CONJUNCTION), BATCH);
  const times = await contest(
    [
      { name: "MatMul and TopK", run: () => bare.run(users.slice(0, BATCH * DIM), BATCH, K) },
      exact.contestant("engine"),
      rounded.contestant("engine, int8"),
      conjunction.contestant("engine, conjunction"),
      folded.contestant("engine, foldable conjunction"),
      wide.contestant("engine, wide conjunction"),
      wideFolded.contestant("engine, wide one folded"),
      new Batches(float, asked(FILTERS.general), BATCH).contestant("engine, general filter"),
    ],
    rounds,
  );
  const recall = recallOf(await exact.answers(), await rounded.answers());
  say(`\n${items} x ${DIM}, k ${K}, batch ${BATCH}, ${threads} threads, every item scored:`);
  const line = (name: string, over: string, more: string): void =>
    say(speedLine(times, { name, over, batch: BATCH, more }));
  line("MatMul and TopK", "MatMul and TopK", "");
  line("engine", "MatMul and TopK", "goal: 1.11");
  line("engine, int8", "MatMul and TopK", `goal: 0.67; recall ${recall.toFixed(4)}`);
  line("engine, int8", "engine", "");
  line("engine, conjunction", "engine", "of 8 terms, few satisfy it; goal: 1.5");
  const same = recallOf(await conjunction.answers(), await folded.answers());
  line(
    "engine, foldable conjunction",
    "engine",
    `the same, eligibility: folded; goal: 1.5; recall ${same.toFixed(4)}`,
  );
  line("engine, wide conjunction", "engine", "of 6 terms, a tenth satisfies it");
  const alike = recallOf(await wide.answers(), await wideFolded.answers());
  const { widened } = always.engine.probing;
  line(
    "engine, wide one folded",
    "engine",
    `into the product; goal: 1.5; recall ${alike.toFixed(4)}, ${widened} searched again`,
  );
  line("engine, general filter", "engine", "of 7 terms; goal: 4");
  for (const size of [BATCH, SMALL_BATCH]) {
    await foldingSpeeds(workbench, {
      plain: float,
      folding,
      size,
      batches: BATCHES,
      rounds,
      say,
    });
  }
  for (const { engine } of [float, int8, folding]) await engine[Symbol.asyncDispose]();
}

async function clusters(extent: Extent): Promise<void> {
  const { items, rounds } = extent;
  const workbench = await open(extent);
  const nlist = Math.min(CLUSTERS, Math.floor(items / 200));
  const all = await workbench.load({ nlist, nprobe: "all" });
  const some = await workbench.load({ nlist, nprobe: PROBES });
  const { clusters: count, clusterWidth } = all.artifact.manifest;
  const pairs = Object.entries(FILTERS).map(([name, filter]) => {
    const requests = workbench.requests(filter, BATCH * BATCHES);
    return {
      name,
      whole: new Batches(all, requests, BATCH),
      probed: new Batches(some, requests, BATCH),
    };
  });
  const times = await contest(
    pairs.flatMap(({ name, whole, probed }) => [
      whole.contestant(`all items, ${name}`),
      probed.contestant(`probing, ${name}`),
    ]),
    rounds,
  );
  const padding = ((count! * clusterWidth!) / items).toFixed(3);
  say(
    `\n${items} x ${DIM}, ${PROBES} of ${count} clusters of ${clusterWidth} (padding ${padding}):`,
  );
  for (const { name, whole, probed } of pairs) {
    const [wanted, found] = [await whole.answers(), await probed.answers()];
    const quality = `recall ${recallOf(wanted, found).toFixed(4)}, short ${shortOf(wanted, found)}`;
    const over = `all items, ${name}`;
    say(speedLine(times, { name: over, over, batch: BATCH, more: "" }));
    const more = `${name === "none" ? "goal: 0.33; " : ""}${quality}`;
    say(speedLine(times, { name: `probing, ${name}`, over, batch: BATCH, more }));
  }
  await clusterOrder(workbench, all, { batch: BATCH, batches: BATCHES, say });
  await growingProbes(workbench, all, { batch: BATCH, batches: BATCHES, rounds, say });
  for (const { engine } of [all, some]) await engine[Symbol.asyncDispose]();
}

const [items = 200_000, clusteredItems = 1_000_000, rounds = 20, threads = 2] = process.argv
  .slice(2)
  .map(Number);
say(`${cpus()[0]?.model}, Node ${process.version}`);
if (items > 0) await everyItem({ items, rounds, threads });
if (clusteredItems > 0) await clusters({ items: clusteredItems, rounds, threads });
