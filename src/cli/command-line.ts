import { Command, CommanderError } from "commander";
import { explain, HarnessError } from "../errors.ts";
import type { ExitCode } from "./exit-code.ts";
import { EXIT_CODES, exitCodeOfError } from "./exit-code.ts";
import type { Session } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import { printJson } from "./terminal.ts";
import { addCompare } from "./verbs/compare.ts";
import { addDataset } from "./verbs/dataset.ts";
import { addDoctor } from "./verbs/doctor.ts";
import { addGate } from "./verbs/gate.ts";
import { addInit } from "./verbs/init.ts";
import { addList } from "./verbs/list.ts";
import { addReport } from "./verbs/report.ts";
import { addRun } from "./verbs/run.ts";
import { addSelftest } from "./verbs/selftest.ts";
import { addServe } from "./verbs/serve.ts";

export interface CommandLineOptions {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly version: string;
}

/**
 * Runs one command line, the words after the program's name, and says how to exit. Nothing is
 * thrown: every error ends here, explained on stderr (and with --json as a document on stdout).
 */
export async function runCommandLine(
  words: readonly string[],
  options: CommandLineOptions,
): Promise<ExitCode> {
  const { terminal, signal } = options;
  const session: Session = { terminal, signal, exitCode: 0 };
  try {
    await program(session, options.version).parseAsync(words, { from: "user" });
    return session.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    return explained(thrown, session, words.includes("--json"));
  }
}

function program(session: Session, version: string): Command {
  const { terminal } = session;
  const top = new Command("silverbench")
    .description("Compare a gRPC retrieval mesh with an index-as-model, on your data and machines.")
    .version(version)
    .showHelpAfterError("(--help shows what there is)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .exitOverride()
    .addHelpText("after", `\nExit codes:\n${exitCodeLines()}`);
  for (const add of [
    addRun,
    addReport,
    addCompare,
    addGate,
    addDataset,
    addServe,
    addSelftest,
    addList,
    addDoctor,
    addInit,
  ]) {
    add(top, session);
  }
  return top;
}

function exitCodeLines(): string {
  return Object.entries(EXIT_CODES)
    .map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
    .join("\n");
}

function explained(thrown: unknown, { terminal, signal }: Session, asJson: boolean): ExitCode {
  // Whatever broke while everything was being stopped, the user's Ctrl-C is the reason.
  const error = signal.aborted ? HarnessError.from(signal.reason) : HarnessError.from(thrown);
  const exitCode = exitCodeOfError(error.code);
  terminal.note(explain(error));
  if (error.code === "INTERNAL") {
    const origin = error.cause instanceof Error ? error.cause : error;
    terminal.note(`${origin.stack ?? ""}\nThis is a fault of silverbench, not yours.`);
  }
  if (asJson) {
    const { code, message, hint, where } = error;
    printJson(terminal, { error: { code, message, hint, where, exitCode } });
  }
  return exitCode;
}
