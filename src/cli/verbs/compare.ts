import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { compareRuns } from "../../gate/run-comparison.ts";
import { writeFileAtomically } from "../../result/atomic-file.ts";
import { readResult } from "../../result/bundle.ts";
import type { Result } from "../../result/schema.ts";
import { resultFile } from "../bundle-argument.ts";
import { runComparisonMarkdown, runComparisonText } from "../run-comparison-text.ts";
import type { OutputFlags, Session } from "../session.ts";
import { withJson } from "../session.ts";
import { printJson } from "../terminal.ts";

interface CompareFlags extends OutputFlags {
  readonly markdown?: boolean;
  readonly html?: string;
}

/** `silverbench compare A B`: what has changed from one result to another? */
export function addCompare(program: Command, session: Session): void {
  withJson(program.command("compare"))
    .description(
      "hold a result against an earlier one: ratios with intervals, and what else differs",
    )
    .argument("<before>", "folder that `run` wrote, its result.json, or a reference")
    .argument("<after>", "the same of the other run")
    .option("--markdown", "a table for a pull request")
    .option("--html <file>", "also write one page with both runs laid over each other")
    .action(async (before: string, after: string, flags: CompareFlags) => {
      const { terminal } = session;
      const [then, now] = [
        await readResult(resultFile(before)),
        await readResult(resultFile(after)),
      ];
      const comparison = compareRuns(then, now);
      if (flags.html !== undefined) await writePage(flags.html, then, now);
      if (flags.json === true) return printJson(terminal, comparison);
      terminal.out(
        flags.markdown === true
          ? runComparisonMarkdown(comparison)
          : runComparisonText(comparison, terminal.columns),
      );
      if (flags.html !== undefined) terminal.note(`Page: ${flags.html}`);
    });
}

async function writePage(file: string, before: Result, after: Result): Promise<void> {
  // The charts' libraries are large; only this flag needs them.
  const { renderComparison } = await import("../../report/compare/render-comparison.ts");
  await mkdir(dirname(resolve(file)), { recursive: true });
  await writeFileAtomically(resolve(file), renderComparison(before, after));
}
