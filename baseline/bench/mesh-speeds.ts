/**
 * The mesh against the least that its work can be, in one run:
 * `npm run bench:mesh [-- ITEMS] [--cores-each N] [--only index,wire,transports,cpu]`.
 * Ratios are medians of pairs taken in turn; CPU is that of the processes themselves. With
 * `--cores-each` this process, the gateway and each service have so many cores that nobody else has.
 */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { connectDoor, type DoorClient } from "../../src/door/client.ts";
import { Histogram } from "../../src/math/histogram.ts";
import { HarnessError } from "../../src/errors.ts";
import { keepOnCpus, moveMainThread } from "../../src/process/cpu-affinity.ts";
import { buildMesh } from "../build/mesh-build.ts";
import { lanesFor } from "../gateway/lanes.ts";
import { meshSettings } from "../../src/scenario/settings.ts";
import type { System } from "../../src/system.ts";
import { Workbench } from "../workbench.ts";
import { planCores, spread } from "./core-plan.ts";
import { IndexBesideUsearch } from "./index-beside-usearch.ts";
import { type IndexProfile, profileIndex } from "./index-profile.ts";
import { indexContenders } from "./index-speed.ts";
import { measureMeshCpu } from "./mesh-cpu.ts";
import { pairedSpeed } from "./paired-speed.ts";
import { wireContenders } from "./wire-speed.ts";

const IN_FLIGHT = 16;
const BATCH = 16;
const PACE = { rounds: 7, seconds: 0.7 };
const CPU_ROUNDS = 4;
const inTime = { timeoutMs: 30_000 };

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const line = (name: string, value: string, note: string): string =>
  `  ${name.padEnd(22)} ${value.padEnd(20)} ${note}`;

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: { "cores-each": { type: "string" }, only: { type: "string" } },
});
const items = Number(positionals[0] ?? 50_000);
const coresEach = args["cores-each"] === undefined ? null : Number(args["cores-each"]);
const plan = await planCores(coresEach);
await using bench = await Workbench.open({
  dataset: { kind: "synthetic", items, dim: 64, users: 10_000 },
  requests: {
    distinct: 2_000,
    k: 100,
    exclude: 20,
    filters: [
      { weight: 4, template: "" },
      { weight: 3, template: "lang:{lang} AND age_days <= 30" },
      { weight: 2, template: "topic:{topic} OR topic:{topic}" },
      { weight: 1, template: "country IN (us, gb) AND NOT creator:{creator} AND age_days <= 7" },
    ],
  },
});
const { dataset, requests } = bench;

/** The service in a process of its own, on the very CPUs that usearch has when it is called. */
async function indexService(): Promise<void> {
  const mesh = bench.config({});
  await buildMesh(dataset, mesh, () => {});
  const { index: own, client } = plan.indexAlone;
  const threads = own?.length ?? availableParallelism();
  const options = { mesh, dataset, batch: BATCH, k: 100, cpus: own, threads };
  await using beside = await IndexBesideUsearch.start(options);
  await using _ = await keepOnCpus(client);
  await beside.warm();
  const { ratio, of, over, byCpu } = await pairedSpeed(beside.service, beside.usearch, PACE);
  const where = own === null ? "all CPUs" : `CPU ${own.join(", ")} each`;
  say(`\nSearches a second, batches of ${BATCH}, no filter; service and usearch on ${where}:`);
  say(line("service over usearch", `${ratio.toFixed(2)}x`, "goal: at least 0.90x"));
  say(line("", `${of.toFixed(0)} / ${over.toFixed(0)}`, "over gRPC / usearch called directly"));
  say(line("by CPU", `${byCpu!.ratio.toFixed(2)}x`, "searches a second of CPU"));
  const profile = await profileIndex(beside, { threads, seconds: 2 });
  if (profile !== null) sayProfile(profile, (BATCH * 1e6) / byCpu!.over);
  // With a single thread the wire has none of its own.
  if (client === null || threads === 1) return;
  await moveMainThread(beside.pid, client);
  const apart = await pairedSpeed(beside.service, beside.usearch, PACE);
  say(line("its wire elsewhere", `${apart.ratio.toFixed(2)}x`, "on the CPUs of who asks"));
  say(line("", `${apart.of.toFixed(0)} / ${apart.over.toFixed(0)}`, "over gRPC / usearch"));
}

function sayProfile(profile: IndexProfile, direct: number): void {
  const { search, main, searchThreads, others, caller } = profile;
  const us = (value: number): string => value.toFixed(0);
  say(
    `  us a batch: ${us(search)} in the search by the service's own clock, ${us(direct)} of CPU in`,
  );
  say(`  usearch called directly; CPU of the service's main thread ${us(main)}, of search threads`);
  say(`  ${us(searchThreads)}, of V8's ${us(others)}; of who asks ${us(caller)}, not counted`);
}

/** The same service called in this process: what is left without the wire. */
async function withoutWire(): Promise<void> {
  await using contenders = await indexContenders(dataset);
  const { ratio, of, over } = await pairedSpeed(contenders.service, contenders.direct, PACE);
  say("\nThe same in one process and thread, without the wire:");
  say(
    line("service over usearch", `${ratio.toFixed(2)}x`, `${of.toFixed(0)} / ${over.toFixed(0)}`),
  );
}

async function wire(): Promise<void> {
  const { packed, repeated } = wireContenders();
  const { ratio } = await pairedSpeed(packed, repeated, PACE);
  say("\nBatches of 16 searches and answers, written and read:");
  say(line("packed over repeated", `${ratio.toFixed(2)}x`, "the wire has the faster one"));
}

/** A mesh on its cores. It is started on as many as each process gets, so that threads are too. */
async function start(settings: object): Promise<System> {
  const system = await bench.start(settings, { cpus: plan.cpusOf("index") });
  await spread(system, plan);
  return system;
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

async function cpu(): Promise<void> {
  await using system = await start({});
  const door = connectDoor(system.address);
  const found = await measureMeshCpu({
    door,
    mesh: bench.config({}),
    dataset,
    requests,
    inFlight: IN_FLIGHT,
    lanes: lanesFor(meshSettings.parse({}), coresEach ?? availableParallelism()),
    cpusOf: plan.cpusOf,
    rounds: CPU_ROUNDS,
  });
  door.close();
  const { inMesh, paced, hot, batch } = found;
  say(
    `\nCPU ms a request, ${IN_FLIGHT} in flight; apart with calls of the same size, as often as in`,
  );
  say("the mesh, and each right after the one before:");
  for (const role of ["feature", "filter", "index"] as const) {
    const all = [inMesh, paced, hot].map((one) => one[role].toFixed(3)).join(" / ");
    say(line(role, all, `mesh / as often / at once; ${batch[role].toFixed(1)} a call`));
  }
  const times = (ratio: number): string => `${ratio.toFixed(2)}x`;
  say(line("all three", times(found.overPaced), "over called as often; goal: at most 1.25x"));
  say(line("", times(found.overHot), "over called at once"));
  say(line("gateway", inMesh.gateway.toFixed(3), "door, batching, calls of the services"));
  say(line("whole mesh", times(found.wholeOverPaced), "with the gateway, over called as often"));
}

const [{ model } = { model: "unknown" }] = cpus();
say(`${model.trim()}, ${cpus().length} CPUs, Node ${process.version}; ${items} items x 64, k 100`);
const sections = {
  index: [indexService, withoutWire],
  wire: [wire],
  transports: [transports],
  cpu: [cpu],
};
const only = args.only?.split(",") ?? Object.keys(sections);
for (const name of only) {
  if (!(name in sections)) {
    const text = `there is no part ${name}; the parts are ${Object.keys(sections).join(", ")}`;
    throw new HarnessError("BAD_INPUT", text, { where: "--only" });
  }
  // The index service alone has its own plan.
  await using _ = await keepOnCpus(name === "index" ? null : plan.cpusOf("client"));
  for (const measure of sections[name as keyof typeof sections]) await measure();
}
