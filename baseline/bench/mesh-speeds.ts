/**
 * The mesh against the least that its work can be, in one run: `npm run bench:mesh [-- ITEMS]`.
 * Ratios are medians of pairs taken in turn; CPU is that of the processes themselves.
 */
import { availableParallelism, cpus } from "node:os";
import { connectDoor, type DoorClient } from "../../src/door/client.ts";
import { Histogram } from "../../src/math/histogram.ts";
import { lanesFor } from "../gateway/lanes.ts";
import { meshSettings } from "../../src/scenario/settings.ts";
import { Workbench } from "../workbench.ts";
import { indexContenders } from "./index-speed.ts";
import { measureMeshCpu } from "./mesh-cpu.ts";
import { pairedSpeed } from "./paired-speed.ts";
import { wireContenders } from "./wire-speed.ts";

const IN_FLIGHT = 16;
const PACE = { rounds: 7, seconds: 0.7 };
const CPU_ROUNDS = 4;
const inTime = { timeoutMs: 30_000 };

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const line = (name: string, value: string, note: string): string =>
  `  ${name.padEnd(22)} ${value.padEnd(20)} ${note}`;

const items = Number(process.argv[2] ?? 50_000);
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

async function indexService(): Promise<void> {
  await using contenders = await indexContenders(dataset);
  const { ratio, of, over } = await pairedSpeed(contenders.service, contenders.direct, PACE);
  say("\nSearches a second, batches of 16, no filter:");
  say(line("service over usearch", `${ratio.toFixed(2)}x`, "goal: at least 0.90x"));
  say(line("", `${of.toFixed(0)} / ${over.toFixed(0)}`, "service / usearch called directly"));
}

async function wire(): Promise<void> {
  const { packed, repeated } = wireContenders();
  const { ratio } = await pairedSpeed(packed, repeated, PACE);
  say("\nBatches of 16 searches and answers, written and read:");
  say(line("packed over repeated", `${ratio.toFixed(2)}x`, "the wire has the faster one"));
}

async function transports(): Promise<void> {
  const systems = [await bench.start({ transport: "in-process" }), await bench.start({})];
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
  await using system = await bench.start({});
  const door = connectDoor(system.address);
  const found = await measureMeshCpu({
    door,
    mesh: bench.config({}),
    dataset,
    requests,
    inFlight: IN_FLIGHT,
    lanes: lanesFor(meshSettings.parse({}), availableParallelism()),
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
await indexService();
await wire();
await transports();
await cpu();
