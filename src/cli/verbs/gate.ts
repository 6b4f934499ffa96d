import type { Command } from "commander";
import { HarnessError } from "../../errors.ts";
import { judgeResult } from "../../gate/judgement.ts";
import {
  addToReference,
  fittingReference,
  MOST_RUNS,
  referencePath,
  writeReference,
} from "../../gate/reference.ts";
import { readBundle } from "../../result/bundle.ts";
import { appendHistory, readHistory, toHistoryRow } from "../../result/history.ts";
import type { GateVerdict, Result } from "../../result/schema.ts";
import { gatesOfText } from "../../scenario/gates-of-text.ts";
import { bundleFolder } from "../bundle-argument.ts";
import { exitCodeOfVerdict, worstExitCode } from "../exit-code.ts";
import { gateLine, wrapped } from "../outcome-text.ts";
import { shortPath } from "../scenario-path.ts";
import type { OutputFlags, Session } from "../session.ts";
import { appended, withJson } from "../session.ts";
import { printJson } from "../terminal.ts";

interface GateFlags extends OutputFlags {
  readonly threshold?: readonly string[];
  readonly reference?: string;
  readonly updateReference?: boolean;
  readonly addReference?: boolean;
  readonly report?: boolean;
  readonly history?: string;
  readonly commit?: string;
}

const REFERENCES = "reports/reference";

/** `silverbench gate RESULT`: does a result keep its promises, and what the reference had? */
export function addGate(program: Command, session: Session): void {
  withJson(program.command("gate"))
    .description("judge the promises of a result bundle again, against a reference too")
    .argument("<result>", "folder that `run` wrote, or the result.json in it")
    .option(
      "--threshold <expression>",
      "judge this instead of the scenario's gates; may be given often",
      appended,
    )
    .option(
      "--reference <path>",
      `a stored result, or a folder of them such as ${REFERENCES}, to compare with`,
    )
    .option(
      "--update-reference",
      `keep this result as the reference, alone (default: in ${REFERENCES})`,
    )
    .option(
      "--add-reference",
      `add this result to the reference, whose runs then tell how far runs differ; the last ${MOST_RUNS} are kept`,
    )
    .option(
      "--history <file>",
      "add the numbers and verdicts as a line, e.g. reports/history.jsonl",
    )
    .option("--commit <id>", "what was measured, for the history (default: $GITHUB_SHA)")
    .option("--report", "write the verdicts into the bundle's report, summary and JUnit file")
    .action(async (argument: string, flags: GateFlags) => {
      const folder = bundleFolder(argument);
      const { result } = await readBundle(folder);
      if (flags.updateReference === true || flags.addReference === true) {
        return keepAsReference(session, result, flags);
      }
      const reference = await fittingReference(flags.reference, result);
      const texts = flags.threshold ?? gatesOfText(result.scenario.text);
      const gates = judgeResult(texts, result, reference);
      session.exitCode = worstExitCode([
        ...(result.complete ? [] : [5 as const]),
        ...gates.map(({ verdict }) => exitCodeOfVerdict(verdict)),
      ]);
      await keep(folder, result, gates, flags);
      tell(session, flags, result, gates);
    });
}

/** Adds to the history and rewrites the bundle's files, as far as the flags ask for it. */
async function keep(
  folder: string,
  result: Result,
  gates: readonly GateVerdict[],
  { history: file, commit = process.env["GITHUB_SHA"] ?? "", report }: GateFlags,
): Promise<void> {
  if (file !== undefined) await appendHistory(file, toHistoryRow(result, gates, commit));
  if (report !== true) return;
  // The charts' libraries are large; only this flag needs them.
  const { writeReport } = await import("../../report/write-report.ts");
  await writeReport(folder, { gates, history: file === undefined ? [] : await readHistory(file) });
}

function tell(
  { terminal, exitCode }: Session,
  flags: GateFlags,
  { complete }: Result,
  gates: readonly GateVerdict[],
): void {
  if (flags.json === true) return printJson(terminal, { complete, gates, exitCode });
  if (!complete) terminal.out("INCOMPLETE: the run did not end; nothing of it is proof.");
  if (gates.length === 0) terminal.out("The scenario promises nothing: it has no gate.");
  for (const gate of gates) terminal.out(wrapped(gateLine(gate), terminal.columns));
}

async function keepAsReference(
  { terminal }: Session,
  result: Result,
  { reference = REFERENCES, json, addReference, updateReference }: GateFlags,
): Promise<void> {
  if (addReference === true && updateReference === true) {
    throw new HarnessError(
      "BAD_INPUT",
      "--update-reference and --add-reference exclude each other",
      {
        hint: "--update-reference begins a new reference, --add-reference goes on with the one there is",
      },
    );
  }
  const path = await referencePath(reference, result);
  if (addReference !== true) await writeReference(path, result);
  const { file, runs } =
    addReference === true ? await addToReference(path, result) : { file: path, runs: 1 };
  if (json === true) return printJson(terminal, { reference: file, runs });
  const of = runs === 1 ? "" : `, the newest of ${runs} runs`;
  terminal.out(`Reference: ${shortPath(file)}${of}\nCommit it with the change that it belongs to.`);
}
