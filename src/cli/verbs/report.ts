import type { Command } from "commander";
import { readHistory } from "../../result/history.ts";
import { shortPath } from "../scenario-path.ts";
import type { OutputFlags, Session } from "../session.ts";
import { withJson } from "../session.ts";
import { printJson } from "../terminal.ts";
import { bundleFolder } from "../bundle-argument.ts";

interface ReportFlags extends OutputFlags {
  readonly history?: string;
}

/** `silverbench report BUNDLE`: writes the report of a bundle again, from its numbers alone. */
export function addReport(program: Command, session: Session): void {
  withJson(program.command("report"))
    .description("write the report of a result bundle again")
    .argument("<bundle>", "folder that `run` wrote, or the result.json in it")
    .option("--history <file>", "draw the trend of earlier runs too, e.g. reports/history.jsonl")
    .action(async (bundle: string, flags: ReportFlags) => {
      const { terminal } = session;
      const folder = bundleFolder(bundle);
      // The charts' libraries are large; only this verb and `run` need them.
      const { writeReport } = await import("../../report/write-report.ts");
      const history = flags.history === undefined ? [] : await readHistory(flags.history);
      const report = await writeReport(folder, { history });
      if (flags.json === true) return printJson(terminal, { folder, report });
      terminal.out(`Report: ${shortPath(report)}`);
    });
}
