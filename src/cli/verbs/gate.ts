import type { Command } from "commander";
import { evaluateGates } from "../../gate/evaluate.ts";
import { readBundle } from "../../result/bundle.ts";
import { gatesOfText } from "../../scenario/gates-of-text.ts";
import { bundleFolder } from "../bundle-argument.ts";
import { exitCodeOfVerdict, worstExitCode } from "../exit-code.ts";
import { gateLine, wrapped } from "../outcome-text.ts";
import type { OutputFlags, Session } from "../session.ts";
import { appended, withJson } from "../session.ts";
import { printJson } from "../terminal.ts";

interface GateFlags extends OutputFlags {
  readonly expect?: readonly string[];
}

/** `silverbench gate RESULT`: does a stored result keep its promises? */
export function addGate(program: Command, session: Session): void {
  withJson(program.command("gate"))
    .description("judge the promises of a result bundle again")
    .argument("<result>", "folder that `run` wrote, or the result.json in it")
    .option(
      "--expect <expression>",
      "judge this instead of the scenario's gates; may be given often",
      appended,
    )
    .action(async (argument: string, flags: GateFlags) => {
      const { terminal } = session;
      const { result } = await readBundle(bundleFolder(argument));
      const gates = evaluateGates(flags.expect ?? gatesOfText(result.scenario.text), result);
      session.exitCode = worstExitCode([
        ...(result.complete ? [] : [5 as const]),
        ...gates.map(({ verdict }) => exitCodeOfVerdict(verdict)),
      ]);
      if (flags.json === true) {
        const { complete } = result;
        return printJson(terminal, { complete, gates, exitCode: session.exitCode });
      }
      if (!result.complete)
        terminal.out("INCOMPLETE: the run did not end; nothing of it is proof.");
      if (gates.length === 0) terminal.out("The scenario promises nothing: it has no gate.");
      for (const gate of gates) terminal.out(wrapped(gateLine(gate), terminal.columns));
    });
}
