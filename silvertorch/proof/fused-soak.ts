/**
 * Whether the engine fused keeps its memory: `npm run proof:soak [-- REQUESTS [SOFTWARE]]`.
 * A million requests (filters and exclusions of every kind, k from 1 to 300) go through the engine as
 * a server has it, device in a thread of its own; memory of the process and of the device is told
 * on the way, and must not be larger in the last tenth than in the second.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { generateSynthetic } from "../../src/dataset/synthetic.ts";
import { Random } from "../../src/math/random.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { Artifact } from "../compile/artifact.ts";
import { compileArtifact } from "../compile/compile.ts";
import { openEngine } from "../engine/open-engine.ts";
import { RequestReader } from "../engine/request-reader.ts";

const ITEMS = 20_000;
const USERS = 1000;
const BATCH = 256;
const IN_FLIGHT = 4;
const K = 300;
/** What memory may differ by, in bytes: the heap breathes. */
const ROOM = 64 << 20;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

const requests = Number(process.argv[2] ?? 1_000_000);
const allowSoftware = process.argv[3] === "software";

const model: ModelSpec = {
  heads: 1,
  candidates: K,
  tower: { kind: "identity" },
  overarch: "none",
  value: "score",
  seed: 3,
};
const FILTERS = [
  "",
  "lang:en",
  "lang:en AND age_days <= 30",
  "NOT lang:en OR age_days > 300",
  "lang IN (en, de) AND NOT age_days <= 7",
];

const folder = await mkdtemp(join(tmpdir(), "silverbench-soak-"));
try {
  const quiet = { onProgress: () => {}, signal: new AbortController().signal };
  const kind = { kind: "synthetic", items: ITEMS, dim: 64, users: USERS, noise: 0.6, zipf: 0.8 };
  const parts = await generateSynthetic(kind as never, 1, quiet);
  const dataset: Dataset = { ...parts, hash: "soak", folder: "" };
  const settings = {
    precision: "int8",
    scale: "perItem",
    clusters: "auto",
    eligibility: { kind: "exact" },
  } as const;
  const path = join(folder, "artifact");
  await compileArtifact({ dataset, model, settings, threads: 2, folder: path, ...quiet });
  await soak(path, dataset);
} finally {
  await rm(folder, { recursive: true, force: true });
}

interface Memory {
  readonly rss: number;
  readonly device: number;
}

async function soak(path: string, dataset: Dataset): Promise<void> {
  const artifact = await Artifact.open(path, { verify: false });
  const reader = await RequestReader.open(artifact);
  await using engine = await openEngine(artifact, { kind: "fused", probes: 16, allowSoftware });
  const random = new Random(5);
  const { ids: users } = dataset.users;
  const { ids: items } = dataset.catalogue;
  const batchOf = (): ReturnType<RequestReader["read"]>[] =>
    Array.from({ length: BATCH }, () =>
      reader.read({
        user: { kind: "id", id: users[random.int(users.length)]! },
        k: 1 + random.int(K),
        filter: FILTERS[random.int(FILTERS.length)]!,
        exclude: Float64Array.from(
          { length: random.int(8) === 0 ? random.int(100) : 0 },
          () => items[random.int(items.length)]!,
        ),
      }),
    );
  let asked = 0;
  const loop = async (until: number): Promise<void> => {
    while (asked < until) {
      asked += BATCH;
      await engine.answer(batchOf());
    }
  };
  const seen: Memory[] = [];
  const beganMs = performance.now();
  for (let tenth = 1; tenth <= 10; tenth++) {
    const until = (requests * tenth) / 10;
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => loop(until)));
    (globalThis as { gc?: () => void }).gc?.();
    const memory = {
      rss: process.memoryUsage().rss,
      device: engine.devices.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    };
    seen.push(memory);
    const perSecond = asked / ((performance.now() - beganMs) / 1000);
    say(
      `${asked} requests, ${perSecond.toFixed(0)}/s: process ${mebibytes(memory.rss)}, device ${mebibytes(memory.device)}`,
    );
  }
  const [early, late] = [seen[1]!, seen[9]!];
  for (const what of ["rss", "device"] as const) {
    if (late[what] - early[what] <= ROOM) continue;
    throw new Error(`${what} grew from ${mebibytes(early[what])} to ${mebibytes(late[what])}`);
  }
  say("neither grew");
}
