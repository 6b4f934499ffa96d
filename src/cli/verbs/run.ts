import { join } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { defaultCacheFolder } from "../../dataset/cache-folder.ts";
import { explain, HarnessError } from "../../errors.ts";
import { type GateBudget, parseBudget } from "../../gate/budget.ts";
import type { RunOptions } from "../../run.ts";
import type { LoadedScenario } from "../../scenario/load-scenario.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { planRun } from "../../scenario/plan.ts";
import { twinned } from "../../run/twins.ts";
import type { ExitCode } from "../exit-code.ts";
import { exitCodeOfError, worstExitCode } from "../exit-code.ts";
import { gateNames } from "../gate-names.ts";
import { outcomeExitCode, outcomeJson, outcomeText } from "../outcome-text.ts";
import { DEFAULT_SCENARIO, scenarioPath, shortPath } from "../scenario-path.ts";
import type { OutputFlags, Session } from "../session.ts";
import { appended, openProgress, withOutputFlags } from "../session.ts";
import { printJson } from "../terminal.ts";
import { planText } from "../plan-text.ts";
import {
  falseAlarmRate,
  runFolder,
  type SelfComparison,
  selfComparison,
  selfComparisonText,
} from "../self-comparison.ts";

interface RunFlags extends OutputFlags {
  readonly out?: string;
  readonly system?: readonly string[];
  readonly rounds?: number;
  readonly seed?: number;
  readonly set?: readonly string[];
  readonly dryRun?: boolean;
  readonly aa?: number | true;
  readonly gate?: boolean;
  readonly gateBudget?: GateBudget;
  readonly reference?: string;
  readonly resume?: boolean;
}

const LATEST = "reports/latest";
const DEFAULT_BUDGET = "5m";

/** `silverbench run [SCENARIO...]`: measure, compare, report. */
export function addRun(program: Command, session: Session): void {
  withOutputFlags(program.command("run", { isDefault: false }))
    .description("measure the systems of a scenario, compare them, write the report")
    .argument(
      "[scenarios...]",
      `files, or names as \`list\` shows them (default: ${DEFAULT_SCENARIO})`,
    )
    .option("-o, --out <folder>", `where the bundle goes (default: ${LATEST}/<scenario>)`)
    .option("--system <names>", "only these systems, by comma", namesOf)
    .option("--rounds <n>", "rounds instead of the scenario's", wholeNumber)
    .option("--seed <n>", "the five seeds become n, n+1, .. n+4", wholeNumber)
    .option("--set <path=value>", "change a field of the scenario; may be given often", appended)
    .option(
      "--aa [runs]",
      "compare the first system with itself, so often: how often the tool cries wolf",
      wholeNumber,
    )
    .option(
      "--gate",
      `measure more rounds where a gate is not settled, for up to ${DEFAULT_BUDGET}`,
    )
    .option("--gate-budget <budget>", 'the same for up to so much: 90s, 5m, "20 rounds"', budget)
    .option(
      "--reference <path>",
      "judge the gates against a stored result, or a folder of them, too",
    )
    .option(
      "--resume",
      "go on with the same run where it was cut short; only what is missing is measured",
    )
    .option("--dry-run", "say what would be done and how long it takes; start nothing")
    .action(async (names: string[], flags: RunFlags) => {
      const loaded = await loadAll(names.length === 0 ? [DEFAULT_SCENARIO] : names, flags);
      for (const each of loaded) tellLeftOut(session, each);
      if (flags.dryRun === true) showPlans(session, loaded, flags);
      else if (flags.aa !== undefined) session.exitCode = await runTwins(session, loaded, flags);
      else session.exitCode = await runAll(session, loaded, flags);
    });
}

/** All scenarios are read before the first is run: a mistake in the last costs no hour. */
async function loadAll(names: readonly string[], flags: RunFlags): Promise<LoadedScenario[]> {
  const loaded: LoadedScenario[] = [];
  for (const name of names) {
    loaded.push(
      await loadScenario(scenarioPath(name), {
        set: flags.set ?? [],
        ...(flags.seed === undefined ? {} : { seed: flags.seed }),
        ...(flags.rounds === undefined ? {} : { rounds: flags.rounds }),
        ...(flags.system === undefined ? {} : { systems: flags.system }),
        checkGate: gateNames,
      }),
    );
  }
  return loaded;
}

function tellLeftOut({ terminal }: Session, { leftOut }: LoadedScenario): void {
  for (const gate of leftOut) {
    terminal.note(`The gate "${gate}" is left out: it names a system that --system leaves out.`);
  }
}

function showPlans(
  { terminal }: Session,
  loaded: readonly LoadedScenario[],
  flags: RunFlags,
): void {
  const outs = loaded.map((each) => outFolder(each, loaded.length, flags));
  if (flags.json === true) {
    const plans = loaded.map(({ scenario, path, hash }, index) => ({
      scenario: scenario.name,
      path,
      hash,
      out: outs[index],
      plan: planRun(scenario),
    }));
    return printJson(terminal, { plans });
  }
  for (const [index, each] of loaded.entries()) terminal.out(planText(each, outs[index]!));
}

async function runAll(
  session: Session,
  loaded: readonly LoadedScenario[],
  flags: RunFlags,
): Promise<ExitCode> {
  const codes: ExitCode[] = [];
  const outcomes: Record<string, unknown>[] = [];
  for (const each of loaded) {
    try {
      const { code, json } = await runOne(
        session,
        each,
        outFolder(each, loaded.length, flags),
        flags,
      );
      codes.push(code);
      outcomes.push(json);
    } catch (thrown) {
      const error = HarnessError.from(thrown);
      // The only scenario's error is the command's; so is Ctrl-C, and a fault of ours.
      if (loaded.length === 1 || session.signal.aborted || error.code === "INTERNAL") throw thrown;
      session.terminal.note(`${each.scenario.name}: ${explain(error)}`);
      codes.push(exitCodeOfError(error.code));
      outcomes.push({
        scenario: each.scenario.name,
        error: { code: error.code, message: error.message },
      });
    }
  }
  const exitCode = worstExitCode(codes);
  if (flags.json === true) printJson(session.terminal, { runs: outcomes, exitCode });
  return exitCode;
}

/** `--aa`: each run starts its systems anew, for a process may be lucky all its life. */
async function runTwins(
  session: Session,
  scenarios: readonly LoadedScenario[],
  flags: RunFlags,
): Promise<ExitCode> {
  const { run } = await import("../../run.ts");
  const runs = flags.aa === true ? 1 : Math.max(1, flags.aa!);
  const compared: SelfComparison[] = [];
  for (const each of scenarios) {
    const { loaded, twins } = twinned(each);
    const out = outFolder(each, scenarios.length, flags);
    for (let at = 1; at <= runs; at++) {
      using progress = openProgress(session, flags);
      const { result, folder, failure } = await run({
        loaded,
        twins,
        out: runFolder(out, at, runs),
        resume: flags.resume === true,
        cacheFolder: defaultCacheFolder(),
        onProgress: ({ phase, fraction }) =>
          progress.show({ phase: `A/A ${at} of ${runs}: ${phase}`, fraction }),
        signal: session.signal,
      });
      if (failure !== null) throw failure;
      const comparison = selfComparison(result, folder);
      if (comparison === null) {
        const hint = "give it more rounds, or a calmer machine";
        throw new HarnessError("INVALID", "no two valid rounds to compare", {
          where: folder,
          hint,
        });
      }
      compared.push(comparison);
    }
  }
  const rate = falseAlarmRate(compared);
  if (flags.json === true) printJson(session.terminal, { ...rate, runs: compared });
  else session.terminal.out(selfComparisonText(compared));
  return rate.tooMany ? 5 : 0;
}

async function runOne(
  session: Session,
  loaded: LoadedScenario,
  out: string,
  flags: RunFlags,
): Promise<{ code: ExitCode; json: Record<string, unknown> }> {
  const { terminal, signal } = session;
  // Native code and processes come in here; the other verbs stay light.
  const { run } = await import("../../run.ts");
  const progress = openProgress(session, flags);
  const { result, folder, gates, failure } = await run({
    loaded,
    out,
    resume: flags.resume === true,
    cacheFolder: defaultCacheFolder(),
    onProgress: (step) => progress.show(step),
    signal,
    ...gateOptions(flags),
  }).finally(() => progress[Symbol.dispose]());
  if (flags.json !== true) {
    terminal.out(outcomeText(result, gates, terminal.columns));
    terminal.out(`\nReport: ${shortPath(join(folder, "report.html"))}`);
  }
  if (failure !== null) terminal.note(`\n${explain(failure)}`);
  const code = worstExitCode([
    signal.aborted ? 130 : 0,
    failure === null ? 0 : exitCodeOfError(failure.code),
    outcomeExitCode(result, gates),
  ]);
  const error = failure === null ? {} : { error: { code: failure.code, message: failure.message } };
  return { code, json: { ...outcomeJson(result, gates, folder), ...error, exitCode: code } };
}

function gateOptions({ gate, gateBudget, reference }: RunFlags): Partial<RunOptions> {
  const spent = gateBudget ?? (gate === true ? parseBudget(DEFAULT_BUDGET) : undefined);
  return {
    ...(spent === undefined ? {} : { gateBudget: spent }),
    ...(reference === undefined ? {} : { reference }),
  };
}

function outFolder({ scenario }: LoadedScenario, runs: number, { out }: RunFlags): string {
  if (out === undefined) return join(LATEST, scenario.name);
  return runs === 1 ? out : join(out, scenario.name);
}

function namesOf(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

function budget(text: string): GateBudget {
  try {
    return parseBudget(text);
  } catch (error) {
    throw new InvalidArgumentError(HarnessError.from(error).message);
  }
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Expected a whole number.");
  return Number(text);
}
