/**
 * How fast the engine fused gets an artifact onto its device, and what the host holds meanwhile:
 * `npm run bench:loading [-- --items 1000000 --dim 128 --clusters 256 --rounds 5 --software]`.
 *
 * The artifact is compiled once and kept in the cache. Then, round by round, in a process each: the
 * file by plain reads, one after another, and the engine's loading of it; once with the file out of
 * the page cache (`dd iflag=nocache` asks the kernel to drop it; how much came from the disk after
 * all is told) and once with it in the cache. Loaded are index and user table; kernels are compiled
 * elsewhere. What the host holds beyond the device's buffers is the most that a loading process had
 * less the most that one had which makes the same buffers and reads nothing: where a processor plays
 * the GPU, its memory is the host's.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { defaultCacheFolder } from "../../src/dataset/cache-folder.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { generateSynthetic } from "../../src/dataset/synthetic.ts";
import { builtFile } from "../../src/process/built-file.ts";
import { Artifact } from "../compile/artifact.ts";
import { compileArtifact } from "../compile/compile.ts";
import { ARTIFACT_SCHEMA, WEIGHTS_FILE } from "../compile/manifest.ts";
import { median } from "./fused/in-flight.ts";
import type { LoadedOnce } from "./loading/load-once.ts";

const { values: args } = parseArgs({
  options: {
    items: { type: "string", default: "1000000" },
    dim: { type: "string", default: "128" },
    clusters: { type: "string", default: "256" },
    rounds: { type: "string", default: "5" },
    software: { type: "boolean", default: false },
  },
});
const [items, dim, clusters, rounds] = [args.items, args.dim, args.clusters, args.rounds].map(
  Number,
) as [number, number, number, number];

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const run = promisify(execFile);
const folder = await artifactFolder();
const weights = join(folder, WEIGHTS_FILE);

type Mode = "read" | "load";
type Temperature = "from the disk" | "from the page cache";
const TEMPERATURES: readonly Temperature[] = ["from the disk", "from the page cache"];

const speeds = new Map<string, number[]>();
const loads: LoadedOnce[] = [];
for (let round = 0; round < rounds; round++) {
  for (const temperature of TEMPERATURES) {
    const modes: Mode[] = round % 2 === 0 ? ["read", "load"] : ["load", "read"];
    for (const mode of modes) {
      if (temperature === "from the disk") await dropFromCache();
      const once = await inProcess(mode);
      const key = `${mode} ${temperature}`;
      const speed = once.bytes / once.seconds / 1e9;
      speeds.set(key, [...(speeds.get(key) ?? []), speed]);
      if (mode === "load") loads.push(once);
      say(
        `  ${key}: ${(once.bytes / 1e9).toFixed(3)} GB in ${once.seconds.toFixed(2)} s, ${speed.toFixed(2)} GB/s, ` +
          `${((100 * once.diskBytes) / once.bytes).toFixed(0)}% of it from the disk`,
      );
    }
  }
}
say(`on ${loads[0]!.device}, the medians of ${rounds}:`);
for (const temperature of TEMPERATURES) {
  const [plain, loading] = (["read", "load"] as const).map((mode) =>
    median(speeds.get(`${mode} ${temperature}`)!),
  ) as [number, number];
  say(
    `${temperature}: loading ${loading.toFixed(2)} GB/s, plain reads ${plain.toFixed(2)} GB/s: ${(loading / plain).toFixed(2)} of them`,
  );
}
await compareMemory();

async function compareMemory(): Promise<void> {
  const { buffers } = loads[0]!;
  const held = await inProcess("hold", buffers.map(String));
  const most = Math.max(...loads.map(({ maxRssBytes }) => maxRssBytes));
  const mebibytes = (size: number): string => (size / 2 ** 20).toFixed(0);
  const onDevice = buffers.reduce((sum, each) => sum + each, 0);
  say(
    `memory of the host at most: ${mebibytes(most)} MiB while loading, ${mebibytes(held.maxRssBytes)} MiB in a process with the same ` +
      `${buffers.length} buffers (${mebibytes(onDevice)} MiB) that reads nothing: ${mebibytes(most - held.maxRssBytes)} MiB more`,
  );
}

async function inProcess(mode: Mode | "hold", more: readonly string[] = []): Promise<LoadedOnce> {
  const program = builtFile(import.meta.url, "./loading/load-once.js");
  const given = [program, mode, folder, String(args.software), ...more];
  const { stdout } = await run(process.execPath, given);
  return JSON.parse(stdout) as LoadedOnce;
}

/** As posix_fadvise(2) has it: clean pages of the file that nobody has mapped go. */
async function dropFromCache(): Promise<void> {
  await run("dd", [`if=${weights}`, "iflag=nocache", "count=0", "status=none"]);
}

/** Compiles it unless it is there; few clusters, for what is measured does not depend on them. */
async function artifactFolder(): Promise<string> {
  const version = ARTIFACT_SCHEMA.split("/").at(-1);
  const name = `loading-${items}x${dim}-${clusters}-v${version}`;
  const path = join(defaultCacheFolder(), "artifacts", name);
  if (!existsSync(path)) {
    say(`making an artifact of ${items} x ${dim} items in ${clusters} clusters: ${path}`);
    const quiet = { onProgress: () => {}, signal: new AbortController().signal };
    const spec = { kind: "synthetic", items, dim, users: 10_000, noise: 0.6, zipf: 0.8 };
    const parts = await generateSynthetic(spec as never, 1, quiet);
    const dataset: Dataset = { ...parts, hash: "loading", folder: "" };
    const settings = {
      precision: "int8",
      scale: "perItem",
      clusters,
      eligibility: { kind: "exact" },
    } as const;
    const model = {
      heads: 1,
      candidates: 100,
      tower: { kind: "identity" },
      overarch: "none",
      value: "score",
      seed: 3,
    } as const;
    await compileArtifact({ dataset, model, settings, threads: 2, folder: path, ...quiet });
  }
  const { bytes, manifest } = await Artifact.open(path, { verify: false });
  say(
    `${manifest.items} x ${manifest.dim} items, ${manifest.clusters} clusters of ${manifest.clusterWidth}: ${(bytes / 1e9).toFixed(2)} GB, ${path}`,
  );
  return path;
}
