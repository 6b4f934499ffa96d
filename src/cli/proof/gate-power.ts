/**
 * How well the gate tells a loss from none on this machine: `npm run proof:gate [-- RUNS [ROUNDS]]`.
 * The quickstart is run again and again; each run is judged against the one before it as it is, and
 * with a tenth and a fifth taken off the model's measured rounds, so that the noise is the
 * machine's own and the loss is exact.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateGates } from "../../gate/evaluate.ts";
import { builtFile } from "../../process/built-file.ts";
import { readResult } from "../../result/bundle.ts";
import type { GateVerdict, Result } from "../../result/schema.ts";

const PROMISE = "throughput(model)/throughput(mesh) >= 0.9 * reference";
const LOSSES = [0, 0.1, 0.2] as const;
const NEEDED_SHARE = 0.9;

type Verdict = GateVerdict["verdict"];

/** The verdicts on a loss, one a pair of consecutive runs. */
export function verdictsAt(loss: number, results: readonly Result[]): Verdict[] {
  return results.slice(1).map((result, i) => {
    const [judged] = evaluateGates([PROMISE], slowed(result, loss), results[i]);
    return judged!.verdict;
  });
}

/** The result as if the model had answered so much less in every round. */
function slowed(result: Result, loss: number): Result {
  const points = result.points.map((point) =>
    point.system === "model"
      ? { ...point, throughputPerSecond: point.throughputPerSecond * (1 - loss) }
      : point,
  );
  return { ...result, points };
}

async function measure(runs: number, rounds: number): Promise<Result[]> {
  const folder = await mkdtemp(join(tmpdir(), "silverbench-proof-"));
  try {
    const results: Result[] = [];
    for (let run = 0; run < runs; run++) {
      const out = join(folder, String(run));
      const began = performance.now();
      runQuickstart(out, rounds);
      const result = await readResult(join(out, "result.json"));
      results.push(result);
      const [ratio] = result.comparisons.filter(({ metric }) => metric === "throughput");
      const seconds = Math.round((performance.now() - began) / 1000);
      say(
        `run ${run + 1} of ${runs}: ${seconds} s, ratio ${ratio?.ratio?.toFixed(3)} (${ratio?.low?.toFixed(3)} to ${ratio?.high?.toFixed(3)})`,
      );
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runQuickstart(out: string, rounds: number): void {
  const main = builtFile(import.meta.url, "../main.js");
  const words = ["run", "quickstart", "--system", "mesh,model", "--rounds", String(rounds)];
  const settings = ["--set", "loads.closed.seconds=1", "--out", out, "--quiet", "--json"];
  const { status } = spawnSync(process.execPath, [main, ...words, ...settings], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  // A gate of the scenario itself does not matter here; a run that broke does.
  if (status === null || ![0, 3, 4, 5].includes(status)) {
    throw new Error(`the run ended with exit code ${status}`);
  }
}

function report(results: readonly Result[]): boolean {
  const wanted: Readonly<Record<number, Verdict>> = { 0: "pass", 0.2: "regression" };
  let isProven = true;
  for (const loss of LOSSES) {
    const verdicts = verdictsAt(loss, results);
    const count = (verdict: Verdict): number => verdicts.filter((each) => each === verdict).length;
    const tally = `pass ${count("pass")}, inconclusive ${count("inconclusive")}, regression ${count("regression")}, invalid ${count("invalid")}`;
    say(`a loss of ${loss * 100}%: ${tally} of ${verdicts.length}`);
    const aim = wanted[loss];
    if (aim !== undefined) isProven &&= count(aim) >= NEEDED_SHARE * verdicts.length;
  }
  say(isProven ? "proven: green for none, red for a fifth" : "NOT proven on this machine");
  return isProven;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (import.meta.filename === process.argv[1]) {
  const [runs, rounds] = [Number(process.argv[2] ?? 11), Number(process.argv[3] ?? 15)];
  say(`${PROMISE}, ${runs} runs of ${rounds} rounds`);
  process.exitCode = report(await measure(runs, rounds)) ? 0 : 3;
}
