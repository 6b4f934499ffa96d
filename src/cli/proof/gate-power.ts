/**
 * How well `run --gate` tells a loss from none on this machine:
 * `npm run proof:gate [-- --runs 10 --rounds N --folder DIR]`. The quickstart is measured again and
 * again, each time for as many rounds as five minutes hold; then each run in turn is the one that is
 * judged, and the others are its reference, by the code of `run --gate`: a look after the scenario's
 * rounds, and twice as many while it is not settled. It is judged as it is, and with a tenth and a
 * fifth taken off what the model answered in every block: so the noise is the machine's own, the
 * loss is exact, and one measurement serves all three.
 *
 * With a folder the runs are kept, one a folder in it, and whole ones that are there count: so a
 * proof that was cut short goes on, and `--runs 0` judges without measuring.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkComparable } from "../../gate/comparable.ts";
import { median } from "../../math/quantile.ts";
import { FIRST_LOOK, PROMISE, type Settled, settledAt } from "./gate-losses.ts";
import {
  affordableRounds,
  MOST_SECONDS,
  runTrial,
  storedTrials,
  type Trial,
} from "./gate-trials.ts";

const LOSSES = [0, 0.1, 0.2] as const;
const WANTED: Readonly<Record<number, Settled["verdict"]>> = { 0: "pass", 0.2: "regression" };
const NEEDED_SHARE = 0.9;
/** Of fewer no share says much. */
const RUNS = 10;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function measure(runs: number, stated: number | null, folder: string): Promise<Trial[]> {
  const trials = await storedTrials(folder);
  for (const trial of trials) say(`${lineOf(trial)}, stored`);
  if (trials.length >= runs) return trials;
  const stored = trials[0]?.rounds;
  const rounds = stated ?? stored ?? (await affordableRounds(join(folder, "first"), FIRST_LOOK));
  say(`${runs - trials.length} runs of ${rounds} rounds to measure`);
  for (let number = 1; trials.length < runs; number++) {
    const name = `run-${String(number).padStart(2, "0")}`;
    if (trials.some((trial) => trial.name === name)) continue;
    const trial = await runTrial(folder, name, rounds);
    trials.push(trial);
    say(`${lineOf(trial)}; ${runs - trials.length} to go`);
  }
  return trials;
}

function lineOf({ name, result, seconds, isWall }: Trial): string {
  const ratio = result.comparisons.find(({ metric }) => metric === "throughput");
  const [value, low, high] = [ratio?.ratio, ratio?.low, ratio?.high].map((x) => x?.toFixed(3));
  const time = `${Math.round(seconds)} s${isWall ? "" : " without its report"}`;
  return `${name}: ${time}, ratio ${value} (${low} to ${high})`;
}

/** @returns whether enough runs came to the right verdict, in time. */
function report(trials: readonly Trial[]): boolean {
  if (trials.length < RUNS) say(`only ${trials.length} runs, of ${RUNS} that a proof needs`);
  for (const { result } of trials) checkComparable(result, trials[0]!.result);
  const slowest = Math.max(...trials.map(({ seconds }) => seconds));
  say(`the longest run took ${Math.round(slowest)} s, of ${MOST_SECONDS}`);
  say(
    `${PROMISE}: each run against the ${trials.length - 1} others, looked at from round ${FIRST_LOOK} on`,
  );
  const judged = trials.map(({ name, result }) => {
    const others = trials.filter((other) => other.name !== name).map((other) => other.result);
    const settled = LOSSES.map((loss) => settledAt(loss, result, others));
    const words = settled.map(
      ({ verdict, rounds }, i) => `${nameOf(LOSSES[i]!)} ${verdict} after ${rounds}`,
    );
    say(`${name}: ${words.join(", ")} rounds; as it is ${settled[0]!.gate.reason}`);
    return settled;
  });
  const isRight = LOSSES.map((loss, i) =>
    tally(
      loss,
      judged.map((settled) => settled[i]!),
    ),
  );
  const isProven = trials.length >= RUNS && slowest <= MOST_SECONDS && isRight.every(Boolean);
  say(isProven ? "proven: green for none, red for a fifth" : "NOT proven on this machine");
  return isProven;
}

/** @returns whether enough of them are what is wanted. */
function tally(loss: number, settled: readonly Settled[]): boolean {
  const count = (verdict: Settled["verdict"]): number =>
    settled.filter((each) => each.verdict === verdict).length;
  const words = (["pass", "inconclusive", "regression", "invalid"] as const)
    .map((verdict) => `${verdict} ${count(verdict)}`)
    .join(", ");
  const rounds = settled.map((each) => each.rounds);
  const n = settled.length;
  const red = `red in ${percent(count("regression") / n)}`;
  say(
    `${nameOf(loss)}: ${words} of ${n}: ${red}; settled after ${median(rounds)} rounds in the median, ${Math.max(...rounds)} at most`,
  );
  const wanted = WANTED[loss];
  return wanted === undefined || count(wanted) >= NEEDED_SHARE * n;
}

const nameOf = (loss: number): string => (loss === 0 ? "no loss" : `a loss of ${percent(loss)}`);
const percent = (share: number): string => `${Math.round(100 * share)}%`;

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({
    options: { runs: { type: "string" }, rounds: { type: "string" }, folder: { type: "string" } },
  });
  const [runs, rounds] = [values.runs, values.rounds].map((text) =>
    text === undefined ? null : Number(text),
  );
  const folder = values.folder ?? (await mkdtemp(join(tmpdir(), "silverbench-proof-")));
  try {
    process.exitCode = report(await measure(runs ?? RUNS, rounds!, folder)) ? 0 : 3;
  } finally {
    if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}
