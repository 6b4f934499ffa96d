/**
 * The mesh against the least that its work can be, in one run: `npm run bench:mesh [-- ITEMS]`.
 * Ratios are medians of pairs taken in turn; CPU is that of the processes themselves.
 */
import { cpus } from "node:os";
import { defaultCacheFolder } from "../../src/dataset/cache-folder.ts";
import { readDataset } from "../../src/dataset/folder.ts";
import { generateRequests } from "../../src/dataset/requests.ts";
import { resolveDataset } from "../../src/dataset/resolve.ts";
import { connectDoor, type DoorClient } from "../../src/door/client.ts";
import type { SystemStats } from "../../src/door/stats.ts";
import { Histogram } from "../../src/math/histogram.ts";
import { IdMap } from "../../src/retrieval/id-map.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { scenarioSchema } from "../../src/scenario/schema.ts";
import { meshSettings } from "../../src/scenario/settings.ts";
import type { System } from "../../src/system.ts";
import { meshFolders } from "../build/mesh-build.ts";
import { startMesh } from "../system.ts";
import { indexContenders } from "./index-speed.ts";
import { pairedSpeed } from "./paired-speed.ts";
import { cpuApart } from "./service-cpu.ts";
import { wireContenders } from "./wire-speed.ts";

const IN_FLIGHT = 16;
const REQUESTS = 4_000;
const PACE = { rounds: 7, seconds: 0.7 };
const SERVICES = ["feature", "filter", "index"] as const;
const inTime = { timeoutMs: 30_000 };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const items = Number(process.argv[2] ?? 50_000);
const quiet = { onProgress: () => {}, signal: new AbortController().signal };
const cacheFolder = defaultCacheFolder();
const scenario = scenarioSchema.parse({
  schema: "silverbench.scenario/1",
  name: "bench-mesh",
  dataset: { kind: "synthetic", items, dim: 64, users: 10_000 },
  requests: {
    distinct: REQUESTS,
    k: 100,
    exclude: 20,
    filters: [
      { weight: 4, template: "" },
      { weight: 3, template: "lang:{lang} AND age_days <= 30" },
      { weight: 2, template: "topic:{topic} OR topic:{topic}" },
      { weight: 1, template: "country IN (us, gb) AND NOT creator:{creator} AND age_days <= 7" },
    ],
  },
  systems: { mesh: { kind: "mesh" } },
  loads: { closed: { shape: "closed" } },
});
const location = await resolveDataset(scenario.dataset, 1, { cacheFolder, ...quiet });
const dataset = await readDataset(location.folder, { verify: false });
const { requests } = generateRequests(scenario.requests, 2, dataset);
const model = { ...scenario.model, seed: 3 };

const start = (settings: object): Promise<System> =>
  startMesh({
    name: "mesh",
    dataset: location,
    model,
    settings: meshSettings.parse(settings),
    cpus: null,
    cacheFolder,
    ...quiet,
  });

/** Every request once, so many in flight. */
async function askAll(door: DoorClient, asked: readonly RetrievalRequest[]): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < asked.length) await door.retrieve(asked[next++]!, inTime);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

const cpuOf = ({ processes }: SystemStats, role: string): number =>
  processes.filter((each) => each.role === role).reduce((sum, each) => sum + each.cpuSeconds, 0);

async function cpuInTheMesh(): Promise<void> {
  const system = await start({});
  const door = connectDoor(system.address);
  await askAll(door, requests.slice(0, 1_000));
  const before = await door.stats();
  await askAll(door, requests);
  const after = await door.stats();
  door.close();
  await system[Symbol.asyncDispose]();
  const sizes = Histogram.decode(after.batchSizes);
  const batch = Math.max(1, Math.round(sizes.mean));
  const used = (role: string): number =>
    ((cpuOf(after, role) - cpuOf(before, role)) * 1000) / requests.length;
  const settings = meshSettings.parse({});
  const folders = meshFolders(cacheFolder, { datasetHash: location.hash, settings, model });
  const { users, catalogue } = dataset;
  const userRow = new IdMap(users.ids);
  const rows = new IdMap(catalogue.ids);
  const apart = await cpuApart({
    mesh: { datasetFolder: location.folder, folders, settings, model, tls: null },
    requests,
    items,
    batch,
    vectorOf: ({ user }) => {
      const row = user.kind === "id" ? userRow.rowOf(user.id) : 0;
      return users.features.slice(row * users.dim, (row + 1) * users.dim);
    },
    excludedOf: ({ exclude }) => Uint32Array.from(exclude, (id) => rows.rowOf(id)),
  });
  say(`\nCPU ms a request, ${IN_FLIGHT} in flight, ${batch} requests a call:`);
  let [inside, outside] = [0, 0];
  for (const role of SERVICES) {
    inside += used(role);
    outside += apart[role];
    say(line(role, `${used(role).toFixed(3)} in the mesh`, `${apart[role].toFixed(3)} apart`));
  }
  say(line("all three", `${(inside / outside).toFixed(2)}x`, "goal: at most 1.25x"));
  const gateway = used("gateway");
  const share = gateway / (inside + gateway);
  say(line("gateway", gateway.toFixed(3), `${Math.round(share * 100)}% of the mesh, door and all`));
}

async function transports(): Promise<void> {
  const systems = [await start({ transport: "in-process" }), await start({})];
  const doors = systems.map(({ address }) => connectDoor(address));
  const asking = (door: DoorClient, name: string) => {
    let next = 0;
    return { name, run: () => door.retrieve(requests[next++ % requests.length]!, inTime) };
  };
  const speed = await pairedSpeed(asking(doors[0]!, "in-process"), asking(doors[1]!, "grpc"), PACE);
  say("\nOne request at a time, requests a second:");
  say(line("in-process over grpc", `${speed.ratio.toFixed(2)}x`, "goal: at least 2x"));
  say(line("", `${speed.of.toFixed(0)} / ${speed.over.toFixed(0)}`, "in-process / grpc"));
  for (const [at, door] of doors.entries()) {
    const { stages } = await door.stats();
    const means = [...stages]
      .map(([name, text]) => [name, Histogram.decode(text).mean / 1000] as const)
      .filter(([, ms]) => ms > 0)
      .map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
    say(`  ${at === 0 ? "in-process" : "grpc"}, mean ms: ${means.join(", ")}`);
  }
  for (const door of doors) door.close();
  for (const system of systems) await system[Symbol.asyncDispose]();
}

const line = (name: string, value: string, note: string): string =>
  `  ${name.padEnd(22)} ${value.padEnd(20)} ${note}`;

const [{ model: cpu } = { model: "unknown" }] = cpus();
say(`${cpu.trim()}, ${cpus().length} CPUs, Node ${process.version}; ${items} items x 64, k 100`);

{
  await using contenders = await indexContenders(dataset);
  const { ratio, of, over } = await pairedSpeed(contenders.service, contenders.direct, PACE);
  say("\nSearches a second, batches of 16, no filter:");
  say(line("service over usearch", `${ratio.toFixed(2)}x`, "goal: at least 0.90x"));
  say(line("", `${of.toFixed(0)} / ${over.toFixed(0)}`, "service / usearch called directly"));
}
{
  const { packed, repeated } = wireContenders();
  const { ratio } = await pairedSpeed(packed, repeated, PACE);
  say("\nBatches of 16 searches and answers, written and read:");
  say(line("packed over repeated", `${ratio.toFixed(2)}x`, "the wire has the faster one"));
}
await transports();
await cpuInTheMesh();
