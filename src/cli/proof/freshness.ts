/**
 * What live updates cost, and how soon they are seen:
 * `npm run proof:freshness [-- ITEMS [FOLDS [SECONDS [MODEL]]] --cpus 1 --in-flight 64
 * --engine onnx|fused --device cpu|cuda|webgpu --precision float32|float16|int8 --nlist N --probes N
 * --max-batch N --door-workers N --fold-after N --software]`, MODEL `score` or `mol`: ranked by the
 * score, or by a mixture of logits and a formula. What is not given is as a scenario has it.
 * Two models over the same artifact answer the same closed load in turn, in rounds of SECONDS. One of
 * them is given 300 updates a second: new items, new versions of known ones, and as many deletes as
 * new ones, for a catalogue that grows is dearer to search whether it is updated or not. The ratio of
 * their throughputs is paired by round. An update counts as seen once an answer that was asked for
 * after it holds it; the other model is asked for as much as often, so that the looking is no
 * difference between them.
 *
 * A model has CPUs of its own, and its folds are on the same ones: spare CPUs are to be had by giving
 * it more than it uses. The load comes from the others, and where it was the narrow place itself,
 * that is told.
 *
 * Whoever is not measured stands still, folds and all (SIGSTOP), so that all that updates cost, a fold
 * and the swap to it, falls into the rounds with updates, and those together are one stretch of
 * time. It ends with a fold, the one after FOLDS: rounds with and without a fold are in it as often as
 * they are in the long run, and all of them together are the figure that counts.
 */
import { existsSync } from "node:fs";
import { defaultCacheFolder } from "../../dataset/cache-folder.ts";
import { readDataset } from "../../dataset/folder.ts";
import { generateRequests } from "../../dataset/requests.ts";
import { resolveDataset } from "../../dataset/resolve.ts";
import { connectAdmin } from "../../door/admin-service.ts";
import { connectDoor, type DoorClient } from "../../door/client.ts";
import { explain, HarnessError } from "../../errors.ts";
import { driveFrom } from "../../load/drive.ts";
import { LoadThreads } from "../../load/load-threads.ts";
import { type Pair, pairedRatio } from "../../math/paired-ratio.ts";
import { clientFaults } from "../../measure/validity.ts";
import { allowedCpus, keepOnCpus } from "../../process/cpu-affinity.ts";
import { descendants } from "../../process/process-tree.ts";
import type { RetrievalRequest } from "../../retrieval/request.ts";
import { startSystem } from "../../run/start-system.ts";
import { type Scenario, scenarioSchema } from "../../scenario/schema.ts";
import type { System } from "../../system.ts";
import { exitCodeOfError } from "../exit-code.ts";
import { BURST, ChangingOwner, UPDATES_PER_SECOND } from "./freshness/changing-owner.ts";
import { type FreshnessSize, freshnessSize } from "./freshness/freshness-size.ts";

const TIMEOUT_MS = 60_000;
/** Of the load, as in a run: a CPU each, and one for what collects their answers. */
const MOST_THREADS = 4;
const CONNECTIONS = 4;

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

function scenarioOf({ items, model, settings }: FreshnessSize): Scenario {
  const parsed = scenarioSchema.safeParse({
    model: MODELS[model],
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
    systems: { model: { kind: "index-as-model", settings } },
    loads: { closed: { shape: "closed" } },
  });
  if (parsed.success) return parsed.data;
  const told = parsed.error.issues.map(
    ({ path, message }) => `${path.at(-1)!.toString()}: ${message}`,
  );
  throw new HarnessError("BAD_INPUT", told.join("; "));
}

/** What one block of load came to. */
interface Block {
  readonly perSecond: number;
  /** Of the model's processes, all threads: what is left of the truth on a machine with other work. */
  readonly cpuMs: number;
  /** Why the load was the narrow place; empty: it was not. */
  readonly faults: readonly string[];
}

/** The closed load, from threads of its own. */
class Load implements AsyncDisposable {
  readonly #threads = new LoadThreads();
  readonly #requests: readonly RetrievalRequest[];
  readonly #size: FreshnessSize;
  readonly threads: number;

  /** @param cpus that it has to itself. */
  constructor(requests: readonly RetrievalRequest[], size: FreshnessSize, cpus: number) {
    this.#requests = requests;
    this.#size = size;
    this.threads = Math.max(1, Math.min(MOST_THREADS, cpus - 1));
  }

  /** All of it counts, the first answers and those after its end too, for an update may hold up any. */
  async drive(system: System, door: DoorClient): Promise<Block> {
    const { inFlight, seconds } = this.#size;
    const cpuBefore = await cpuSeconds(door);
    let startedMs = 0;
    const observed = await driveFrom(this.#threads, {
      system,
      load: { shape: "closed", inFlight, client: "lean", connections: CONNECTIONS },
      requests: this.#requests,
      startAt: 0,
      seconds,
      requestTimeoutMs: TIMEOUT_MS,
      threads: this.threads,
      onStart: (startMs) => (startedMs = startMs),
      signal: quiet.signal,
    });
    const ms = performance.now() - startedMs;
    const { answered, errors, client, latency } = observed;
    for (const [code, { count, example }] of errors) {
      throw new HarnessError("INVALID", `${count} requests failed, ${code}: ${example}`);
    }
    return {
      perSecond: (answered / ms) * 1000,
      cpuMs: (1000 * ((await cpuSeconds(door)) - cpuBefore)) / answered,
      faults: clientFaults(client, latency.quantile(0.99) / 1000, "loop"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }
}

async function cpuSeconds(door: DoorClient): Promise<number> {
  const { processes } = await door.stats();
  return processes.reduce((sum, process) => sum + process.cpuSeconds, 0);
}

/** Stops all processes of a system, or has them go on. */
function send(system: System, name: "SIGSTOP" | "SIGCONT"): void {
  for (const { pid } of system.processes) {
    process.kill(pid, name);
    // One that ended since is not there any more.
    for (const below of descendants(pid))
      if (existsSync(`/proc/${below}`)) process.kill(below, name);
  }
}

async function measure(size: FreshnessSize): Promise<void> {
  const { folds } = size;
  const cacheFolder = defaultCacheFolder();
  const scenario = scenarioOf(size);
  say(`building or finding ${size.items} items`);
  const location = await resolveDataset(scenario.dataset, 1, { cacheFolder, ...quiet });
  const dataset = await readDataset(location.folder, { verify: false });
  const { requests } = generateRequests(scenario.requests, 2, dataset);
  const all = await allowedCpus();
  const cpus = all.slice(-size.cpus);
  const own = all.slice(0, -size.cpus);
  if (own.length === 0 && all.length > 1) {
    throw new HarnessError(
      "BAD_INPUT",
      `--cpus: of ${all.length} one is the load's, came ${size.cpus}`,
    );
  }
  await using _ = await keepOnCpus(own.length === 0 ? null : own);
  const spec = scenario.systems["model"]!;
  if (spec.kind !== "index-as-model") throw new HarnessError("INTERNAL", `a ${spec.kind}`);
  const start = (name: string): Promise<System> =>
    startSystem(
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
  await using still = await start("still");
  await using changing = await start("changing");
  await using load = new Load(requests, size, own.length);
  say(
    `${changing.engine} on ${changing.device}, ranked by ${size.model}: CPUs of the model and its folds: ${cpus.length}, of the load: ${own.length}, its threads: ${load.threads}, requests in flight: ${size.inFlight}; ${JSON.stringify(size.settings)}`,
  );
  const doors = { still: connectDoor(still.address), changing: connectDoor(changing.address) };
  const admin = connectAdmin(changing.adminAddress!);
  // With an OverArch all candidates of the one head, for it may rank the item anywhere among them.
  const places = scenario.model.overarch === "none" ? 10 : scenario.model.candidates;
  const owner = new ChangingOwner(dataset, { admin, door: doors.changing, places });
  const rounds: Round[] = [];
  const beside = async (
    system: System,
    door: DoorClient,
    owns: (signal: AbortSignal) => Promise<void>,
  ): Promise<Block> => {
    const stop = new AbortController();
    const owning = owns(stop.signal);
    const block = await load.drive(system, door);
    stop.abort();
    await owning;
    return block;
  };
  const withUpdates = async (): Promise<Omit<Round, "over">> => {
    send(changing, "SIGCONT");
    const before = await foldsOf(doors.changing);
    const of = await beside(changing, doors.changing, (ended) => owner.update(ended));
    const after = await foldsOf(doors.changing);
    send(changing, "SIGSTOP");
    const folded = before.underWay || after.underWay || after.ended > before.ended;
    return { of, folded, ended: after.ended };
  };
  const without = async (): Promise<Block> => {
    send(still, "SIGCONT");
    const block = await beside(still, doors.still, (ended) => owner.lookAround(doors.still, ended));
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
  tellNarrowLoad(rounds);
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

/** Each fault of the load once, with the rounds that it was in. */
function tellNarrowLoad(rounds: readonly Round[]): void {
  const faulty = rounds.filter(({ of, over }) => of.faults.length + over.faults.length > 0);
  if (faulty.length === 0) return say("the load was never the narrow place");
  const [{ of, over }] = faulty as [Round];
  const example = [...of.faults, ...over.faults][0];
  say(
    `the load itself was the narrow place in ${faulty.length} of ${rounds.length} rounds, so updates cost more than it says: ${example}`,
  );
}

try {
  await measure(freshnessSize(process.argv.slice(2)));
} catch (thrown) {
  process.stderr.write(`${explain(HarnessError.from(thrown))}\n`);
  process.exitCode = exitCodeOfError(HarnessError.from(thrown).code);
}
