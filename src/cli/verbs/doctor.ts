import { dirname } from "node:path";
import type { Command } from "commander";
import { defaultCacheFolder } from "../../dataset/cache-folder.ts";
import { shippedFolder } from "../../scenario/shipped-folder.ts";
import type { Check, CheckStatus } from "../doctor/check.ts";
import { machineChecks } from "../doctor/machine-checks.ts";
import { softwareChecks } from "../doctor/software-checks.ts";
import type { OutputFlags, Session } from "../session.ts";
import { withJson } from "../session.ts";
import { printJson } from "../terminal.ts";

const MARKS: Readonly<Record<CheckStatus, string>> = { ok: "ok", warn: "warn", missing: "MISSING" };

/** `silverbench doctor`: is this machine fit to measure on? Exits with 6 if something is missing. */
export function addDoctor(program: Command, session: Session): void {
  withJson(program.command("doctor"))
    .description("is this machine fit to measure on, and is all installed?")
    .action(async (flags: OutputFlags) => {
      const { terminal } = session;
      const software = await softwareChecks(dirname(shippedFolder()));
      // After the software checks, whose own processes would look like other work.
      const checks = [...(await machineChecks(defaultCacheFolder())), ...software];
      const isFit = checks.every(({ status }) => status !== "missing");
      if (!isFit) session.exitCode = 6;
      if (flags.json === true) return printJson(terminal, { fit: isFit, checks });
      for (const check of checks) terminal.out(inWords(check));
      const doubts = checks.filter(({ status }) => status === "warn").length;
      terminal.out(`\n${verdict(isFit, doubts)}`);
    });
}

function inWords({ name, status, found, advice }: Check): string {
  const line = `${MARKS[status].padEnd(8)}${name.padEnd(18)}${found}`;
  return advice === undefined ? line : `${line}\n${" ".repeat(26)}-> ${advice}`;
}

function verdict(isFit: boolean, doubts: number): string {
  if (!isFit) return "Something is missing; mend that first.";
  if (doubts === 0) return "Fit to measure on.";
  return `It works. ${doubts === 1 ? "One thing" : `${doubts} things`} above may disturb a measurement.`;
}
