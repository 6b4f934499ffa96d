/**
 * What live updates cost, and how soon they are seen:
 * `npm run proof:freshness [-- ITEMS [FOLDS [SECONDS [MODEL]]]]`, MODEL `score` or `mol`: ranked by the
 * score, or by a mixture of logits and a formula.
 * Two models over the same artifact answer the same closed load in turn, in rounds of SECONDS. One of
 * them is given 300 updates a second: new items, new versions of known ones, and as many deletes as
 * new ones, for a catalogue that grows is dearer to search whether it is updated or not. The ratio of
 * their throughputs is paired by round. An update counts as seen once an answer that was asked for
 * after it holds it; the other model is asked for as much as often, so that the looking is no
 * difference between them.
 *
 * Whoever is not measured stands still, folds and all (SIGSTOP), so that all that updates cost, a fold
 * and the swap to it, falls into the rounds with updates, and those together are one stretch of
 * time. It ends with a fold, the one after FOLDS: rounds with and without a fold are in it as often as
 * they are in the long run, and all of them together are the figure that counts.
 */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultCacheFolder } from "../../src/dataset/cache-folder.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { readDataset } from "../../src/dataset/folder.ts";
import { generateRequests } from "../../src/dataset/requests.ts";
import { resolveDataset } from "../../src/dataset/resolve.ts";
import { type AdminClient, connectAdmin } from "../../src/door/admin-service.ts";
import { connectDoor, type DoorClient } from "../../src/door/client.ts";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import { requestToBytes } from "../../src/door/retrieval-service.ts";
import { Histogram } from "../../src/math/histogram.ts";
import { type Pair, pairedRatio } from "../../src/math/paired-ratio.ts";
import { Random } from "../../src/math/random.ts";
import { allowedCpus, keepOnCpus } from "../../src/process/cpu-affinity.ts";
import { descendants } from "../../src/process/process-tree.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { type Scenario, scenarioSchema } from "../../src/scenario/schema.ts";
import { indexAsModelSettings } from "../../src/scenario/settings.ts";
import type { System } from "../../src/system.ts";
import { startIndexAsModel } from "../system.ts";

const UPDATES_PER_SECOND = 300;
/** Updates of one burst: an owner sends what gathered in a fifth of a second. */
const BURST = 60;
const BURST_MS = (1000 * BURST) / UPDATES_PER_SECOND;
const IN_FLIGHT = 64;
const TIMEOUT = { timeoutMs: 60_000 };
/** How far an item lies from the one that it is drawn beside, in that one's lengths. */
const SPREAD = 0.5;
/** Of an item that is looked for: longer than those around it, it is the best answer to itself. */
const LONGER = 1.5;
/** Above every id of the synthetic catalogue. */
const FIRST_FRESH_ID = 2 ** 40;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const quiet = { onProgress: () => {}, signal: new AbortController().signal };

const MODELS: Readonly<Record<string, object>> = {
  score: {},
  mol: {
    candidates: 1000,
    overarch: "mol",
    tasks: ["click"],
    value: "click * if(lang:en, 1.2, 1) - 0.001 * default(age_days, 30)",
  },
};

function scenarioOf(items: number, model: string): Scenario {
  const parts = MODELS[model];
  if (parts === undefined) throw new Error(`MODEL: expected score or mol, came ${model}`);
  return scenarioSchema.parse({
    model: parts,
    schema: "silverbench.scenario/1",
    name: "freshness",
    dataset: { kind: "synthetic", items, dim: 64, users: 5000 },
    requests: {
      distinct: 2000,
      k: 100,
      filters: [
        { weight: 1, template: "" },
        { weight: 1, template: "lang:{lang} AND age_days <= 30" },
      ],
    },
    systems: { model: { kind: "index-as-model" } },
    loads: { closed: { shape: "closed" } },
  });
}

/** What one block of load came to. */
interface Block {
  readonly perSecond: number;
  /** Of the model's process, all threads: what is left of the truth on a machine with other work. */
  readonly cpuMs: number;
}

async function drive(door: DoorClient, requests: Buffer[], seconds: number): Promise<Block> {
  const cpuBefore = await cpuSeconds(door);
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  let next = 0;
  let answered = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await door.retrieveEncoded(requests[next++ % requests.length]!, TIMEOUT);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return {
    perSecond: (answered / (performance.now() - startMs)) * 1000,
    cpuMs: (1000 * ((await cpuSeconds(door)) - cpuBefore)) / answered,
  };
}

async function cpuSeconds(door: DoorClient): Promise<number> {
  const { processes } = await door.stats();
  return processes.reduce((sum, process) => sum + process.cpuSeconds, 0);
}

/** The owner of a catalogue that changes all the time. */
class Owner {
  readonly #random = new Random(1);
  readonly #dataset: Dataset;
  readonly #admin: AdminClient;
  readonly #door: DoorClient;
  /** Items asked for in which an update is looked for. */
  readonly #places: number;
  #nextId = FIRST_FRESH_ID;
  #updates = 0;
  /** Microseconds from the sending of an update until an answer held it. */
  readonly seen = Histogram.create();
  /** Requests for an update: one each, where the first answer holds it. */
  looks = 0;

  constructor(
    dataset: Dataset,
    { admin, door, places }: { admin: AdminClient; door: DoorClient; places: number },
  ) {
    this.#dataset = dataset;
    this.#admin = admin;
    this.#door = door;
    this.#places = places;
  }

  get updates(): number {
    return this.#updates;
  }

  async update(signal: AbortSignal): Promise<void> {
    let dueMs = performance.now();
    while (!signal.aborted) {
      dueMs += BURST_MS;
      await this.#burst();
      await sleep(Math.max(0, dueMs - performance.now()));
    }
  }

  /** Asks a model that has no updates as one is asked for them. */
  async lookAround(door: DoorClient, signal: AbortSignal): Promise<void> {
    let dueMs = performance.now();
    while (!signal.aborted) {
      dueMs += BURST_MS;
      await door.retrieve(this.#lookFor(this.#item(0, LONGER)), TIMEOUT);
      await sleep(Math.max(0, dueMs - performance.now()));
    }
  }

  /** Three tenths new items, four tenths new versions, three tenths deletes; then one is asked for. */
  async #burst(): Promise<void> {
    const sentMs = performance.now();
    const wanted = this.#item(this.#nextId++, LONGER);
    const fresh = Array.from({ length: 0.3 * BURST - 1 }, () => this.#item(this.#nextId++));
    const versions = Array.from({ length: 0.4 * BURST }, () => this.#item(this.#anyId()));
    const deleted = Float64Array.from({ length: 0.3 * BURST }, () => this.#anyId());
    const items = [wanted, ...fresh, ...versions];
    await Promise.all([this.#admin.upsert(items), this.#admin.delete(deleted)]);
    this.#updates += BURST;
    const request = this.#lookFor(wanted);
    for (;;) {
      this.looks++;
      if ((await this.#door.retrieve(request, TIMEOUT)).ids.includes(wanted.id)) break;
      if (performance.now() - sentMs > 10_000) throw new Error(`item ${wanted.id} is not seen`);
    }
    this.seen.recordMs(performance.now() - sentMs);
  }

  /** The tower hands features on as they are, and the item is the best by score. */
  #lookFor({ embedding }: LiveItem): RetrievalRequest {
    return {
      user: { kind: "features", features: embedding.map((x) => 100 * x) },
      k: this.#places,
      filter: "",
      exclude: new Float64Array(0),
    };
  }

  #anyId(): number {
    const { ids, count } = this.#dataset.catalogue;
    return ids[this.#random.int(count)]!;
  }

  /** Near one of the catalogue's. @param length in that one's lengths. */
  #item(id: number, length = 1): LiveItem {
    const { embeddings, dim, denseDim, count } = this.#dataset.catalogue;
    const row = this.#random.int(count);
    const near = embeddings.slice(row * dim, (row + 1) * dim);
    const away = near.map(() => this.#random.gaussian());
    const spread = (SPREAD * lengthOf(near)) / lengthOf(away);
    const beside = near.map((x, at) => x + spread * away[at]!);
    const scale = (length * lengthOf(near)) / lengthOf(beside);
    return {
      id,
      embedding: beside.map((x) => scale * x),
      dense: new Float32Array(denseDim),
      attributes: new Map<string, readonly string[] | number>([
        ["lang", ["en"]],
        ["age_days", 0],
      ]),
    };
  }
}

const lengthOf = (vector: Float32Array): number => Math.hypot(...vector);

/** Stops all processes of a system, or has them go on. */
function send(system: System, name: "SIGSTOP" | "SIGCONT"): void {
  for (const { pid } of system.processes) {
    process.kill(pid, name);
    // One that ended since is not there any more.
    for (const below of descendants(pid))
      if (existsSync(`/proc/${below}`)) process.kill(below, name);
  }
}

interface Asked {
  readonly items: number;
  readonly folds: number;
  readonly seconds: number;
  readonly model: string;
}

async function measure({ items, folds, seconds, model }: Asked): Promise<void> {
  const cacheFolder = defaultCacheFolder();
  const scenario = scenarioOf(items, model);
  say(`building or finding ${items} items`);
  const location = await resolveDataset(scenario.dataset, 1, { cacheFolder, ...quiet });
  const dataset = await readDataset(location.folder, { verify: false });
  const requests = generateRequests(scenario.requests, 2, dataset).requests.map(requestToBytes);
  // The load on one CPU, the models, of which one is idle, on the others.
  const [own, ...cpus] = await allowedCpus();
  await using _ = await keepOnCpus(cpus.length === 0 ? null : [own!]);
  const start = (name: string): Promise<System> =>
    startIndexAsModel({
      name,
      dataset: location,
      model: { ...scenario.model, seed: 3 },
      settings: indexAsModelSettings.parse({}),
      cpus: cpus.length === 0 ? null : cpus,
      cacheFolder,
      ...quiet,
    });
  await using still = await start("still");
  await using changing = await start("changing");
  const doors = { still: connectDoor(still.address), changing: connectDoor(changing.address) };
  const admin = connectAdmin(changing.adminAddress!);
  // With an OverArch all candidates of the one head, for it may rank the item anywhere among them.
  const places = scenario.model.overarch === "none" ? 10 : scenario.model.candidates;
  const owner = new Owner(dataset, { admin, door: doors.changing, places });
  const rounds: Round[] = [];
  const beside = async (
    name: keyof typeof doors,
    owns: (signal: AbortSignal) => Promise<void>,
  ): Promise<Block> => {
    const stop = new AbortController();
    const owning = owns(stop.signal);
    const block = await drive(doors[name], requests, seconds);
    stop.abort();
    await owning;
    return block;
  };
  const withUpdates = async (): Promise<Omit<Round, "over">> => {
    send(changing, "SIGCONT");
    const before = await foldsOf(doors.changing);
    const of = await beside("changing", (ended) => owner.update(ended));
    const after = await foldsOf(doors.changing);
    send(changing, "SIGSTOP");
    const folded = before.underWay || after.underWay || after.ended > before.ended;
    return { of, folded, ended: after.ended };
  };
  const without = async (): Promise<Block> => {
    send(still, "SIGCONT");
    const block = await beside("still", (ended) => owner.lookAround(doors.still, ended));
    send(still, "SIGSTOP");
    return block;
  };
  try {
    for (const system of [still, changing]) send(system, "SIGSTOP");
    for (let nth = 0; (rounds.at(-1)?.ended ?? 0) < folds; nth++) {
      const stillFirst = nth % 2 === 0 ? await without() : null;
      const round = await withUpdates();
      const over = stillFirst ?? (await without());
      const { of, folded } = round;
      say(
        `round ${nth}${folded ? ", a fold" : ""}: with updates ${shown(of)}, without ${shown(over)}`,
      );
      // The first warms both up.
      if (nth > 0) rounds.push({ ...round, over });
    }
  } finally {
    for (const system of [still, changing]) send(system, "SIGCONT");
  }
  const { counters } = await doors.changing.stats();
  for (const door of Object.values(doors)) door.close();
  admin.close();
  say(`with ${UPDATES_PER_SECOND} updates/s over without:`);
  tell(
    "between folds",
    rounds.filter(({ folded }) => !folded),
  );
  tell(
    "while a fold or its swap is under way",
    rounds.filter(({ folded }) => folded),
  );
  tell("all, as often as they come", rounds);
  const { seen } = owner;
  say(
    `${owner.updates} updates, of each burst one looked for: seen after ${(seen.quantile(0.5) / 1000).toFixed(0)} ms (median), ${(seen.quantile(0.99) / 1000).toFixed(0)} ms (99%), at most ${(seen.max / 1000).toFixed(0)} ms, in ${(owner.looks / (owner.updates / BURST)).toFixed(2)} looks`,
  );
  say(
    `${counters.get("model.folds")} folds; at the end ${counters.get("model.fresh_slots")} fresh slots, ${counters.get("model.hidden_items")} hidden items`,
  );
}

/** What one round came to. */
interface Round {
  readonly of: Block;
  readonly over: Block;
  /** Whether a fold, or the swap to what it made, was under way in it. */
  readonly folded: boolean;
  /** Folds that had ended by its end. */
  readonly ended: number;
}

async function foldsOf(
  door: DoorClient,
): Promise<{ readonly ended: number; readonly underWay: boolean }> {
  const { counters } = await door.stats();
  return {
    ended: counters.get("model.folds")!,
    underWay: counters.get("model.folds_under_way")! > 0,
  };
}

function tell(which: string, rounds: readonly Round[]): void {
  if (rounds.length === 0) return say(`  ${which}: no round`);
  const sum = (of: (round: Round) => number): number =>
    rounds.reduce((total, round) => total + of(round), 0);
  const whole = sum(({ of }) => of.perSecond) / sum(({ over }) => over.perSecond);
  const rates = rounds.map(({ of, over }) => ({ of: of.perSecond, over: over.perSecond }));
  const costs = rounds.map(({ of, over }) => ({ of: of.cpuMs, over: over.cpuMs }));
  say(`  ${which}, ${rounds.length} rounds:`);
  say(`    throughput ${interval(rates, "higher")}; of all requests together ${whole.toFixed(3)}`);
  say(
    `    CPU a request ${interval(costs, "lower")}, the updates' own included, a fold's process not`,
  );
}

const shown = ({ perSecond, cpuMs }: Block): string =>
  `${perSecond.toFixed(0)}/s at ${cpuMs.toFixed(2)} ms CPU`;

function interval(pairs: readonly Pair[], better: "higher" | "lower"): string {
  const { ratio, low, high, method } = pairedRatio(pairs, better);
  return `${ratio.toFixed(3)}, ${low.toFixed(3)} to ${high.toFixed(3)} (${method})`;
}

const [items = "200000", folds = "2", seconds = "4", model = "score"] = process.argv.slice(2);
await measure({ items: Number(items), folds: Number(folds), seconds: Number(seconds), model });
