/**
 * What live updates cost, and how soon they are seen:
 * `npm run proof:freshness [-- ITEMS [FOLDS [SECONDS [MODEL]]] --dim 64 --cpus 1 --in-flight 64
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
import { allowedCpus, keepOnCpus } from "../../process/cpu-affinity.ts";
import { descendants } from "../../process/process-tree.ts";
import { startSystem } from "../../run/start-system.ts";
import { type Scenario, scenarioSchema } from "../../scenario/schema.ts";
import type { System } from "../../system.ts";
import { exitCodeOfError } from "../exit-code.ts";
import { BURST, ChangingOwner, UPDATES_PER_SECOND } from "./freshness/changing-owner.ts";
import { type Block, ClosedLoad } from "./freshness/closed-load.ts";
import { type FreshnessSize, freshnessSize } from "./freshness/freshness-size.ts";
import { blockText, type Round, roundsText, stagesText } from "./freshness/rounds-text.ts";

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

function scenarioOf({ items, dim, model, settings }: FreshnessSize): Scenario {
  const parsed = scenarioSchema.safeParse({
    model: MODELS[model],
    schema: "silverbench.scenario/1",
    name: "freshness",
    dataset: { kind: "synthetic", items, dim, users: 5000 },
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
  say(`building or finding ${size.items} items of ${size.dim} dimensions`);
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
  await using load = new ClosedLoad(requests, size, own.length);
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
        `round ${nth}${folded ? ", a fold" : ""}: with updates ${blockText(of)}, without ${blockText(over)}`,
      );
      // The first warms both up.
      if (nth > 0) rounds.push({ ...round, over });
    }
  } finally {
    for (const system of [still, changing]) send(system, "SIGCONT");
  }
  const [stats, statsOfStill] = [await doors.changing.stats(), await doors.still.stats()];
  for (const door of Object.values(doors)) door.close();
  admin.close();
  say(`with ${UPDATES_PER_SECOND} updates/s over without:`);
  for (const line of roundsText(rounds)) say(line);
  say(`with updates ${stagesText(stats)}`);
  say(`without ${stagesText(statsOfStill)}`);
  const { seen } = owner;
  say(
    `${owner.updates} updates, of each burst one looked for: seen after ${(seen.quantile(0.5) / 1000).toFixed(0)} ms (median), ${(seen.quantile(0.99) / 1000).toFixed(0)} ms (99%), at most ${(seen.max / 1000).toFixed(0)} ms, in ${(owner.looks / (owner.updates / BURST)).toFixed(2)} looks`,
  );
  say(
    `${stats.counters.get("model.folds")} folds; at the end ${stats.counters.get("model.fresh_slots")} fresh slots, ${stats.counters.get("model.hidden_items")} hidden items`,
  );
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

try {
  await measure(freshnessSize(process.argv.slice(2)));
} catch (thrown) {
  process.stderr.write(`${explain(HarnessError.from(thrown))}\n`);
  process.exitCode = exitCodeOfError(HarnessError.from(thrown).code);
}
