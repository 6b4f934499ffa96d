import { type Command, Option } from "commander";
import type { ClientKind } from "../../load/load-client.ts";
import type { OutputFlags, Session } from "../session.ts";
import { openProgress, withOutputFlags } from "../session.ts";
import { selftestText, speedsText } from "../selftest-text.ts";
import { printJson } from "../terminal.ts";

interface SelftestFlags extends OutputFlags {
  readonly client: ClientKind;
  readonly speeds?: boolean;
}

/** `silverbench selftest`: the load generator against systems whose latency is known. */
export function addSelftest(program: Command, session: Session): void {
  withOutputFlags(program.command("selftest"))
    .description(
      "drive servers with scripted delays; hold every percentile against its closed form",
    )
    .addOption(
      new Option("--client <kind>", "the gRPC client that is tested")
        .choices(["lean", "grpc-js"] satisfies ClientKind[])
        .default("lean"),
    )
    .option("--speeds", "instead, say how much the load generator itself can do")
    .action(async (flags: SelftestFlags) => {
      const { terminal, signal } = session;
      if (flags.speeds === true) {
        const { measureSpeeds } = await import("../../load/speed.ts");
        const speeds = await measureSpeeds(signal);
        if (flags.json === true) printJson(terminal, speeds);
        else terminal.out(speedsText(speeds));
        return;
      }
      const { measureByOpenLoop, runSelftest, SELFTEST_CASES } =
        await import("../../load/selftest.ts");
      const outcomes = [];
      const progress = openProgress(session, flags);
      try {
        for (const [at, selftest] of SELFTEST_CASES.entries()) {
          progress.show({ phase: selftest.name, fraction: at / SELFTEST_CASES.length });
          outcomes.push(await runSelftest(selftest, measureByOpenLoop(flags.client), signal));
        }
      } finally {
        progress[Symbol.dispose]();
      }
      const passed = outcomes.every((outcome) => outcome.passed);
      session.exitCode = passed ? 0 : 5;
      if (flags.json === true) printJson(terminal, { passed, cases: outcomes });
      else terminal.out(selftestText(outcomes));
    });
}
