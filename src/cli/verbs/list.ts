import type { Command } from "commander";
import { HarnessError } from "../../errors.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { planRun } from "../../scenario/plan.ts";
import { spokenDuration } from "../duration.ts";
import { gateNames } from "../gate-names.ts";
import { datasetWords } from "../plan-text.ts";
import { scenarioPaths, shortPath } from "../scenario-path.ts";
import type { OutputFlags, Session } from "../session.ts";
import { withJson } from "../session.ts";
import { printJson } from "../terminal.ts";

/** `silverbench list`: the questions that can be asked here. */
export function addList(program: Command, session: Session): void {
  withJson(program.command("list"))
    .description("scenarios at hand: their questions, data, systems and loads")
    .action(async (flags: OutputFlags) => {
      const { terminal } = session;
      const scenarios = await Promise.all((await scenarioPaths()).map(listed));
      if (flags.json === true) return printJson(terminal, { scenarios });
      for (const scenario of scenarios) terminal.out(`${inWords(scenario)}\n`);
      terminal.out("Run one with `silverbench run NAME`; write your own with `silverbench init`.");
      terminal.out("`silverbench dataset list` shows the data sets.");
    });
}

type Listed =
  | { readonly path: string; readonly error: string }
  | {
      readonly path: string;
      readonly name: string;
      readonly question: string;
      readonly dataset: string;
      readonly systems: Readonly<Record<string, string>>;
      readonly loads: Readonly<Record<string, string>>;
      readonly rounds: number;
      /** Time under load; starting, building and warming come on top. */
      readonly measuredSeconds: number;
    };

async function listed(path: string): Promise<Listed> {
  try {
    const { scenario } = await loadScenario(path, { checkGate: gateNames });
    const { name, question, rounds, systems, loads } = scenario;
    return {
      path,
      name,
      question,
      dataset: datasetWords(scenario.dataset),
      systems: mapped(systems, ({ kind }) => kind),
      loads: mapped(loads, ({ shape }) => shape),
      rounds,
      measuredSeconds: planRun(scenario).measuredSeconds,
    };
  } catch (thrown) {
    return { path, error: HarnessError.from(thrown).message };
  }
}

function inWords(scenario: Listed): string {
  if ("error" in scenario) return `${shortPath(scenario.path)}: not usable\n  ${scenario.error}`;
  const { name, path, question, dataset, systems, loads, rounds } = scenario;
  return [
    `${name}  (${shortPath(path)})`,
    ...(question === "" ? [] : [`  ${question}`]),
    `  data     ${dataset}`,
    `  systems  ${pairs(systems)}`,
    `  loads    ${pairs(loads)}; ${rounds} rounds, ${spokenDuration(scenario.measuredSeconds)} under load`,
  ].join("\n");
}

const pairs = (record: Readonly<Record<string, string>>): string =>
  Object.entries(record)
    .map(([name, kind]) => (name === kind ? name : `${name} (${kind})`))
    .join(", ");

function mapped<In, Out>(
  record: Readonly<Record<string, In>>,
  to: (value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]));
}
