/**
 * How well `run --gate` tells a loss from none on this machine:
 * `npm run proof:gate [-- RUNS [ROUNDS]]`. The quickstart is measured again and again, each time for
 * as many rounds as five minutes hold; then each run is judged against the one before it, kept as
 * the reference, by the code of `run --gate`: a look after the scenario's rounds, and twice as many
 * while it is not settled. It is judged as it is, and with a tenth and a fifth taken off what the
 * model answered in every block: so the noise is the machine's own, the loss is exact, and one
 * measurement serves all three.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateGates } from "../../gate/evaluate.ts";
import { GateSettling } from "../../gate/settling.ts";
import { median } from "../../math/quantile.ts";
import { builtFile } from "../../process/built-file.ts";
import { readResult } from "../../result/bundle.ts";
import type { GateVerdict, Point, Result } from "../../result/schema.ts";

const PROMISE = "throughput(model)/throughput(mesh) >= 0.9 * reference";
const LOSSES = [0, 0.1, 0.2] as const;
const NEEDED_SHARE = 0.9;
const RUNS = 11;
/** Rounds before the first look: the quickstart's own. */
const FIRST_LOOK = 5;
const MOST_SECONDS = 300;
/** Left of the five minutes, for a machine that is slower by the hour. */
const SPARE_SHARE = 0.1;

/** A run and how long it took from the command to its end. */
interface Trial {
  readonly result: Result;
  readonly seconds: number;
}

/** What a run came to, and after how many rounds. */
export interface Settled {
  readonly verdict: GateVerdict["verdict"];
  readonly rounds: number;
}

/**
 * Judges a run with a loss as `run --gate` would, looking at no more of its rounds than it asks for.
 * @param reference the run before.
 * @param loss share of its answers that the model is made to lose.
 */
export function settledAt(loss: number, result: Result, reference: Result): Settled {
  const measured = Math.max(...result.points.map(({ round }) => round));
  const first = Math.min(FIRST_LOOK, measured);
  const settling = new GateSettling({ kind: "rounds", rounds: measured - first });
  const points = result.points.map((point) => slowed(point, loss));
  for (let rounds = first; ;) {
    const seen = { ...result, points: points.filter(({ round }) => round <= rounds) };
    const gates = evaluateGates([PROMISE], seen, reference);
    const further = settling.roundsAfter({ gates, rounds, seconds: rounds });
    if (further === 0) return { verdict: gates[0]!.verdict, rounds };
    rounds += further;
  }
}

/** The point as if the model had answered so much less in each of its blocks. */
function slowed(point: Point, loss: number): Point {
  if (point.system !== "model") return point;
  const { throughputPerSecond, blocks } = point;
  return {
    ...point,
    throughputPerSecond: throughputPerSecond * (1 - loss),
    blocks: blocks.map((block) => ({
      ...block,
      throughputPerSecond: block.throughputPerSecond * (1 - loss),
    })),
  };
}

function runQuickstart(out: string, words: readonly string[]): number {
  const main = builtFile(import.meta.url, "../main.js");
  const common = ["run", "quickstart", "--system", "mesh,model", "--out", out, "--quiet", "--json"];
  const began = performance.now();
  const { status } = spawnSync(process.execPath, [main, ...common, ...words], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  // A gate of the scenario itself does not matter here; a run that broke does.
  if (status === null || ![0, 3, 4, 5].includes(status)) {
    throw new Error(`the run ended with exit code ${status}`);
  }
  return (performance.now() - began) / 1000;
}

/** How many rounds fit the time, by a run of the fewest. */
async function affordableRounds(out: string): Promise<number> {
  const seconds = runQuickstart(out, ["--rounds", String(FIRST_LOOK), "--gate-budget", "1s"]);
  const { settling } = await readResult(join(out, "result.json"));
  const { rounds, seconds: measuring } = settling!.looks[0]!;
  const left = (1 - SPARE_SHARE) * MOST_SECONDS - (seconds - measuring);
  return Math.max(FIRST_LOOK, Math.floor((left * rounds) / measuring));
}

async function measure(runs: number, stated: number | null): Promise<Trial[]> {
  const folder = await mkdtemp(join(tmpdir(), "silverbench-proof-"));
  try {
    const rounds = stated ?? (await affordableRounds(join(folder, "first")));
    say(`${PROMISE}, ${runs} runs of ${rounds} rounds, looked at from ${FIRST_LOOK} on`);
    const trials: Trial[] = [];
    for (let run = 1; run <= runs; run++) {
      const out = join(folder, String(run));
      const seconds = runQuickstart(out, ["--rounds", String(rounds)]);
      const result = await readResult(join(out, "result.json"));
      trials.push({ result, seconds });
      const [ratio] = result.comparisons.filter(({ metric }) => metric === "throughput");
      const [value, low, high] = [ratio?.ratio, ratio?.low, ratio?.high].map((x) => x?.toFixed(3));
      say(`run ${run}: ${Math.round(seconds)} s, ratio ${value} (${low} to ${high})`);
    }
    return trials;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns whether enough runs came to the right verdict, in time. */
function report(trials: readonly Trial[]): boolean {
  const wanted: Readonly<Record<number, Settled["verdict"]>> = { 0: "pass", 0.2: "regression" };
  const slowest = Math.max(...trials.map(({ seconds }) => seconds));
  let isProven = slowest <= MOST_SECONDS;
  say(`the longest run took ${Math.round(slowest)} s, of ${MOST_SECONDS}`);
  for (const loss of LOSSES) {
    const settled = trials
      .slice(1)
      .map(({ result }, i) => settledAt(loss, result, trials[i]!.result));
    const count = (verdict: Settled["verdict"]): number =>
      settled.filter((each) => each.verdict === verdict).length;
    const tally = `pass ${count("pass")}, inconclusive ${count("inconclusive")}, regression ${count("regression")}, invalid ${count("invalid")}`;
    const rounds = settled.map((each) => each.rounds);
    say(
      `a loss of ${loss * 100}%: ${tally} of ${settled.length}; settled after ${median(rounds)} rounds in the median, ${Math.max(...rounds)} at most`,
    );
    const aim = wanted[loss];
    if (aim !== undefined) isProven &&= count(aim) >= NEEDED_SHARE * settled.length;
  }
  say(isProven ? "proven: green for none, red for a fifth" : "NOT proven on this machine");
  return isProven;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (import.meta.filename === process.argv[1]) {
  const [runs, rounds] = process.argv.slice(2).map(Number);
  process.exitCode = report(await measure(runs ?? RUNS, rounds ?? null)) ? 0 : 3;
}
