/**
 * Whether the engine fused keeps its memory: `npm run proof:soak [-- --requests 1000000 --items
 * 20000 --dim 64 --batch 256 --in-flight 4 --k 300 --probes 16 --heads 2 --rank mol|score --software]`.
 *
 * A million requests of every kind go through all of the engine as a server has it: the device in a
 * thread of its own, several batches under way, fresh items beside the compiled ones. Ten times on
 * the way it is let to finish, garbage is collected in both threads, and what is held is told; none
 * of it may be more at the end than after two tenths. A size for a processor that plays a GPU:
 *
 *     VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json npm run proof:soak -- --software \
 *       --items 250 --dim 16 --batch 512 --k 8 --probes 1 --heads 1 --rank score
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { generateSynthetic } from "../../src/dataset/synthetic.ts";
import { HarnessError } from "../../src/errors.ts";
import { Random } from "../../src/math/random.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { Artifact } from "../compile/artifact.ts";
import { compileArtifact } from "../compile/compile.ts";
import { FusedEngine } from "../engine/fused/fused-engine.ts";
import { FusedThread } from "../engine/fused/fused-thread.ts";
import { threadMemory } from "../engine/fused/thread-memory.ts";
import type { EngineQuery, FreshOpen } from "../engine/query.ts";
import { RequestReader } from "../engine/request-reader.ts";
import {
  amount,
  described,
  grown,
  heldMemory,
  type HeldMemory,
  NAMES,
} from "./soak/held-memory.ts";
import { SoakRequests } from "./soak/soak-requests.ts";
import { soakSize } from "./soak/soak-size.ts";

const USERS = 1000;
const FRESH = 5;
const ALL_OPEN: FreshOpen = { count: FRESH, words: Uint32Array.of(2 ** FRESH - 1) };
const TENTHS = 10;
/** Looks that are held against each other: by the first, what the host compiles as it runs is there. */
const [EARLY, LATE] = [1, TENTHS - 1];

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const size = soakSize(process.argv.slice(2));

const RANKING: Readonly<Record<typeof size.rank, Pick<ModelSpec, "overarch" | "mol" | "value">>> = {
  score: { overarch: "none", value: "score" },
  mol: {
    overarch: "mol",
    mol: { userGroups: 2, itemGroups: 2, dim: 16, gateHidden: 16, temperature: 0.05 },
    value: "sigmoid(task) * if(lang:en AND age_days <= 7, 1.2, 1)",
  },
};
const model: ModelSpec = {
  heads: size.heads,
  candidates: size.k,
  tower: { kind: "mlp", hidden: [32] },
  seed: 3,
  ...RANKING[size.rank],
};
const settings = {
  precision: "int8",
  scale: "perItem",
  clusters: "auto",
  eligibility: { kind: "bloom", hashes: 4, width: { bits: 64 }, exact: true },
} as const;

const folder = await mkdtemp(join(tmpdir(), "silverbench-soak-"));
try {
  const quiet = { onProgress: () => {}, signal: new AbortController().signal };
  const { items, dim } = size;
  const kind = { kind: "synthetic", items, dim, users: USERS, noise: 0.6, zipf: 0.8 };
  const parts = await generateSynthetic(kind as never, 1, quiet);
  const dataset: Dataset = { ...parts, hash: "soak", folder: "" };
  const path = join(folder, "artifact");
  await compileArtifact({ dataset, model, settings, threads: 2, folder: path, ...quiet });
  await soak(path, dataset);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function soak(path: string, dataset: Dataset): Promise<void> {
  const artifact = await Artifact.open(path, { verify: false });
  const reader = await RequestReader.open(artifact);
  const options = {
    artifactFolder: path,
    allowSoftware: size.software,
    cachePrecision: "float32",
  } as const;
  const thread = await FusedThread.open(options, { onTimes: () => {}, onProgress: () => {} });
  await using engine = new FusedEngine(thread, artifact.manifest, { probes: size.probes });
  const fresh = new Random(6);
  engine.scoreFresh(() => ({
    type: "float32",
    dims: [FRESH, size.dim],
    // So long that most answers have some of them.
    data: Float32Array.from({ length: FRESH * size.dim }, () => 100 * fresh.gaussian()),
  }));
  say(`on ${thread.devices[0]!.name}: ${JSON.stringify(size)}`);
  const requests = new SoakRequests(dataset, size);
  // All the room that is ever needed is made at once: whatever grows afterwards is a leak.
  const largest = requests.largestBatch().map((request) => queryOf(reader, request));
  for (let time = 0; time < 2; time++) {
    await Promise.all(Array.from({ length: thread.lanes }, () => engine.answer(largest)));
  }
  let asked = 0;
  let answered = 0;
  const loop = async (until: number): Promise<void> => {
    while (asked < until) {
      asked += size.batch;
      // Added in one step: other batches end meanwhile.
      const items = await answers(engine, reader, requests);
      answered += items;
    }
  };
  const looks: HeldMemory[] = [];
  const beganMs = performance.now();
  for (let tenth = 1; tenth <= TENTHS; tenth++) {
    const until = (size.requests * tenth) / TENTHS;
    await Promise.all(Array.from({ length: size.inFlight }, () => loop(until)));
    const perSecond = asked / ((performance.now() - beganMs) / 1000);
    const [own, held] = [await threadMemory(), await thread.memory()];
    looks.push(heldMemory(process.memoryUsage.rss(), own, held));
    say(
      `${asked} requests, ${answered} items, ${perSecond.toFixed(0)} requests/s: ${told(looks.at(-1)!)}`,
    );
  }
  judge(looks[EARLY]!, looks[LATE]!);
}

/** Where an item's value is its score, fresh ones are looked at, too. */
function queryOf(reader: RequestReader, request: RetrievalRequest): EngineQuery {
  const query = reader.read(request);
  return size.rank === "score" ? { ...query, freshOpen: ALL_OPEN } : query;
}

/** Sends a batch; how many items came back. @throws HarnessError INTERNAL if there are too few. */
async function answers(
  engine: FusedEngine,
  reader: RequestReader,
  requests: SoakRequests,
): Promise<number> {
  const batch = requests.batch();
  const found = await engine.answer(batch.map((request) => queryOf(reader, request)));
  let items = 0;
  for (const [at, { rows, freshScores }] of found.entries()) {
    const { k, filter } = batch[at]!;
    if (rows.length > k || (filter === "" && rows.length < k) || freshScores.length > FRESH) {
      throw new HarnessError(
        "INTERNAL",
        `${rows.length} items and ${freshScores.length} of ${FRESH} fresh ones came of a request for ${k} with the filter "${filter}"`,
      );
    }
    items += rows.length;
  }
  return items;
}

function told(held: HeldMemory): string {
  return NAMES.map((name) => `${described(name)} ${amount(name, held[name])}`).join(", ");
}

/** @throws HarnessError INTERNAL naming what grew. */
function judge(early: HeldMemory, late: HeldMemory): void {
  const faults = grown(early, late);
  if (faults.length > 0) throw new HarnessError("INTERNAL", `it grew: ${faults.join("; ")}`);
  for (const name of NAMES) {
    say(
      `${described(name)}: ${amount(name, early[name])} after two tenths, ${amount(name, late[name])} at the end`,
    );
  }
  say("nothing grew");
}
