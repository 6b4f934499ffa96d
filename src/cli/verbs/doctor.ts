import { dirname } from "node:path";
import type { Command } from "commander";
import { defaultCacheFolder } from "../../dataset/cache-folder.ts";
import { shippedFolder } from "../../scenario/shipped-folder.ts";
import type { Check, CheckStatus } from "../doctor/check.ts";
import { deviceChecks } from "../doctor/device-checks.ts";
import { limitChecks } from "../doctor/limit-checks.ts";
import { machineChecks } from "../doctor/machine-checks.ts";
import { noiseCheck } from "../doctor/noise-check.ts";
import { softwareChecks } from "../doctor/software-checks.ts";
import type { OutputFlags, Session } from "../session.ts";
import { withJson } from "../session.ts";
import { printJson } from "../terminal.ts";

const MARKS: Readonly<Record<CheckStatus, string>> = {
  ok: "ok",
  warn: "warn",
  absent: "-",
  missing: "MISSING",
};

/** `silverbench doctor`: is this machine fit to measure on? Exits with 6 if something is missing. */
export function addDoctor(program: Command, session: Session): void {
  withJson(program.command("doctor"))
    .description("is this machine fit to measure on, and is all installed?")
    .action(async (flags: OutputFlags) => {
      const { terminal } = session;
      const checks = await allChecks(dirname(shippedFolder()));
      const isFit = checks.every(({ status }) => status !== "missing");
      if (!isFit) session.exitCode = 6;
      if (flags.json === true) return printJson(terminal, { fit: isFit, checks });
      for (const check of checks) terminal.out(inWords(check));
      const doubts = checks.filter(({ status }) => status === "warn").length;
      terminal.out(`\n${verdict(isFit, doubts)}`);
    });
}

/** @param root folder of the package. */
async function allChecks(root: string): Promise<Check[]> {
  // First what starts processes, for they would look like other work on the machine.
  const software = await softwareChecks(root);
  const devices = await deviceChecks(root);
  const machine = await machineChecks(defaultCacheFolder());
  return [...machine, ...(await limitChecks()), await noiseCheck(), ...devices, ...software];
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
