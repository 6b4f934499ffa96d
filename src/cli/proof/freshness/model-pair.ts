import { existsSync } from "node:fs";
import { defaultCacheFolder } from "../../../dataset/cache-folder.ts";
import { readDataset } from "../../../dataset/folder.ts";
import { generateRequests } from "../../../dataset/requests.ts";
import { resolveDataset } from "../../../dataset/resolve.ts";
import { type AdminClient, connectAdmin } from "../../../door/admin-service.ts";
import { connectDoor, type DoorClient } from "../../../door/client.ts";
import type { SystemStats } from "../../../door/stats.ts";
import { HarnessError } from "../../../errors.ts";
import { allowedCpus, keepOnCpus } from "../../../process/cpu-affinity.ts";
import { descendants } from "../../../process/process-tree.ts";
import { startSystem } from "../../../run/start-system.ts";
import type { System } from "../../../system.ts";
import { ChangingOwner } from "./changing-owner.ts";
import { type Block, ClosedLoad, cpuSeconds } from "./closed-load.ts";
import { freshnessScenario } from "./freshness-scenario.ts";
import type { FreshnessSize } from "./freshness-size.ts";

const quiet = { onProgress: () => {}, signal: new AbortController().signal };

interface Parts {
  readonly changing: System;
  readonly still: System;
  readonly doors: { readonly changing: DoorClient; readonly still: DoorClient };
  readonly admin: AdminClient;
  readonly owner: ChangingOwner;
  readonly load: ClosedLoad;
}

/**
 * Two models over the same artifact, of which one is told of changes, under the same closed load in
 * turn. Whoever is not measured stands still, folds and all (SIGSTOP), so that all that changes cost
 * falls into what is measured with them. A model has CPUs of its own, and its folds are on the same
 * ones; the load comes from the others.
 */
export class ModelPair implements AsyncDisposable {
  readonly owner: ChangingOwner;
  readonly #parts: Parts;
  /** What ends with it, the last first. */
  readonly #ends: readonly AsyncDisposable[];

  private constructor(parts: Parts, ends: readonly AsyncDisposable[]) {
    this.#parts = parts;
    this.#ends = ends;
    this.owner = parts.owner;
  }

  /**
   * @param say is told what is measured and where.
   * @throws HarnessError BAD_INPUT where the models would leave the load no CPU.
   */
  static async start(size: FreshnessSize, say: (line: string) => void): Promise<ModelPair> {
    const ends: AsyncDisposable[] = [];
    try {
      return new ModelPair(await startParts(size, say, ends), ends);
    } catch (error) {
      await endAll(ends);
      throw error;
    }
  }

  /**
   * Updates until there were so many, as fast as they are taken, beside no load.
   * @returns how many those were, and microseconds of the model's CPU for each.
   */
  async pour(until: number): Promise<{ readonly updates: number; readonly cpuUs: number }> {
    const { changing, owner, doors } = this.#parts;
    const before = owner.updates;
    send(changing, "SIGCONT");
    const cpuBefore = await cpuSeconds(doors.changing);
    await owner.pour(until);
    const seconds = (await cpuSeconds(doors.changing)) - cpuBefore;
    send(changing, "SIGSTOP");
    const updates = owner.updates - before;
    return { updates, cpuUs: (1e6 * seconds) / updates };
  }

  /** A block of load on the model that is told of changes, and what it has counted before and after. */
  async changing(updates: "coming" | "standing"): Promise<{
    readonly block: Block;
    readonly before: Counters;
    readonly after: Counters;
  }> {
    const { changing, doors, owner } = this.#parts;
    send(changing, "SIGCONT");
    const { counters: before } = await doors.changing.stats();
    const block = await this.#drive("changing", (ended) =>
      updates === "coming" ? owner.update(ended) : owner.lookAround(doors.changing, ended),
    );
    const { counters: after } = await doors.changing.stats();
    send(changing, "SIGSTOP");
    return { block, before, after };
  }

  /** A block of load on the model that is told of none. */
  async still(): Promise<Block> {
    const { still, doors, owner } = this.#parts;
    send(still, "SIGCONT");
    const block = await this.#drive("still", (ended) => owner.lookAround(doors.still, ended));
    send(still, "SIGSTOP");
    return block;
  }

  /** Of both, once nothing is measured any more. */
  async stats(): Promise<{ readonly changing: SystemStats; readonly still: SystemStats }> {
    const { changing, still, doors } = this.#parts;
    for (const system of [still, changing]) send(system, "SIGCONT");
    return { changing: await doors.changing.stats(), still: await doors.still.stats() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { changing, still, doors, admin } = this.#parts;
    for (const system of [still, changing]) send(system, "SIGCONT");
    for (const door of Object.values(doors)) door.close();
    admin.close();
    await endAll(this.#ends);
  }

  async #drive(
    which: "changing" | "still",
    beside: (ended: AbortSignal) => Promise<void>,
  ): Promise<Block> {
    const { load, doors, [which]: system } = this.#parts;
    const stop = new AbortController();
    const owning = beside(stop.signal);
    const block = await load.drive(system, doors[which]);
    stop.abort();
    await owning;
    return block;
  }
}

type Counters = SystemStats["counters"];

/** @param ends takes what is to be ended with it. */
async function startParts(
  size: FreshnessSize,
  say: (line: string) => void,
  ends: AsyncDisposable[],
): Promise<Parts> {
  const ending = <One extends AsyncDisposable>(one: One): One => {
    ends.push(one);
    return one;
  };
  const cacheFolder = defaultCacheFolder();
  const scenario = freshnessScenario(size);
  const spec = scenario.systems["model"]!;
  if (spec.kind !== "index-as-model") throw new HarnessError("INTERNAL", `a ${spec.kind}`);
  const { own, cpus } = await dealtCpus(size.cpus);
  say(`building or finding ${size.items} items of ${size.dim} dimensions`);
  const location = await resolveDataset(scenario.dataset, 1, { cacheFolder, ...quiet });
  const dataset = await readDataset(location.folder, { verify: false });
  const { requests } = generateRequests(scenario.requests, 2, dataset);
  ending(await keepOnCpus(own.length === 0 ? null : own));
  const start = async (name: string): Promise<System> => {
    const started = await startSystem(
      { kind: "index-as-model", settings: spec.settings },
      {
        name,
        dataset: location,
        model: { ...scenario.model, seed: 3 },
        cpus: own.length === 0 ? null : cpus,
        cacheFolder,
        ...quiet,
      },
    );
    return ending(started);
  };
  const still = await start("still");
  const changing = await start("changing");
  const load = ending(new ClosedLoad(requests, size, own.length));
  say(
    `${changing.engine} on ${changing.device}, ranked by ${size.model}: CPUs of the model and its folds: ${cpus.length}, of the load: ${own.length}, its threads: ${load.threads}, requests in flight: ${size.inFlight}; ${JSON.stringify(size.settings)}`,
  );
  const doors = { still: connectDoor(still.address), changing: connectDoor(changing.address) };
  const admin = connectAdmin(changing.adminAddress!);
  // With an OverArch all candidates of the one head, for it may rank the item anywhere among them.
  const places = scenario.model.overarch === "none" ? 10 : scenario.model.candidates;
  const owner = new ChangingOwner(dataset, { admin, door: doors.changing, places });
  for (const system of [still, changing]) send(system, "SIGSTOP");
  return { changing, still, doors, admin, owner, load };
}

async function endAll(ends: readonly AsyncDisposable[]): Promise<void> {
  for (const one of ends.toReversed()) await one[Symbol.asyncDispose]();
}

async function dealtCpus(
  ofModel: number,
): Promise<{ readonly own: readonly number[]; readonly cpus: readonly number[] }> {
  const all = await allowedCpus();
  const own = all.slice(0, -ofModel);
  if (own.length > 0 || all.length === 1) return { own, cpus: all.slice(-ofModel) };
  throw new HarnessError(
    "BAD_INPUT",
    `--cpus: of ${all.length} one is the load's, came ${ofModel}`,
  );
}

/** Stops all processes of a system, or has them go on. */
function send(system: System, name: "SIGSTOP" | "SIGCONT"): void {
  for (const { pid } of system.processes) {
    if (existsSync(`/proc/${pid}`)) process.kill(pid, name);
    // One that ended since is not there any more.
    for (const below of descendants(pid))
      if (existsSync(`/proc/${below}`)) process.kill(below, name);
  }
}
