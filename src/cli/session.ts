import type { Command } from "commander";
import type { ExitCode } from "./exit-code.ts";
import { ProgressLine } from "./progress-line.ts";
import type { Terminal } from "./terminal.ts";

/** What every verb works with. */
export interface Session {
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Set by the verb that ran. */
  exitCode: ExitCode;
}

/** Flags that all verbs with long work or an answer have. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Adds `--json` to a verb. */
export function withJson(command: Command): Command {
  return command.option("--json", "machine-readable answer on stdout, all else on stderr");
}

/** Adds `--json` and `--quiet` to a verb. */
export function withOutputFlags(command: Command): Command {
  return withJson(command).option("-q, --quiet", "no progress");
}

/** For an option that may be given often: all its values. */
export function appended(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Shows progress unless the user wants quiet. Dispose it before printing the answer. */
export function openProgress({ terminal }: Session, flags: OutputFlags): ProgressLine {
  return new ProgressLine(
    flags.quiet === true ? { ...terminal, note: () => {}, raw: () => {} } : terminal,
  );
}
