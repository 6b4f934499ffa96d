import { settlingText } from "../gate/settling-text.ts";
import { headlineOf } from "../result/headline.ts";
import { measuredSystems } from "../result/role.ts";
import type { GateVerdict, Result } from "../result/schema.ts";
import { standingOf } from "../result/standing.ts";
import type { ExitCode } from "./exit-code.ts";
import { exitCodeOfVerdict, worstExitCode } from "./exit-code.ts";
import { summaryNumbers, summaryTable } from "./summary-table.ts";

/** A result as a person reads it on a terminal. */
export function outcomeText(
  result: Result,
  gates: readonly GateVerdict[],
  columns: number,
): string {
  const { scenario, complete, incompleteReason } = result;
  const sections = [
    scenario.question === "" ? scenario.name : `${scenario.name}: ${scenario.question}`,
    ...(complete ? [] : [`INCOMPLETE: ${incompleteReason ?? "the run did not end"}`]),
    ...(result.points.length === 0
      ? ["Nothing was measured."]
      : [summaryTable(result), headlineOf(result).sentence]),
    ...(gates.length === 0
      ? []
      : [[...gates.map(gateLine), settlingText(result.settling)].filter(Boolean).join("\n")]),
    ...(result.doubts.length === 0 ? [] : [doubtLines(result, columns)]),
  ];
  return sections.map((section) => wrapped(section, columns)).join("\n\n");
}

/** A result as a script reads it: what the text says, and where the whole is. */
export function outcomeJson(
  result: Result,
  gates: readonly GateVerdict[],
  folder: string,
): Record<string, unknown> {
  return {
    scenario: result.scenario.name,
    folder,
    complete: result.complete,
    answer: headlineOf(result).sentence,
    systems: summaryNumbers(result),
    comparisons: result.comparisons,
    cost: result.cost,
    gates,
    settling: result.settling,
    doubts: result.doubts,
  };
}

/** How a finished run exits: its gates, and whether what the headline needs is valid. */
export function outcomeExitCode(result: Result, gates: readonly GateVerdict[]): ExitCode {
  const lacksPoints = measuredSystems(result).some(
    (system) => standingOf(result, system).valid.length === 0,
  );
  return worstExitCode([
    ...(result.complete && !lacksPoints ? [] : [5 as const]),
    ...gates.map(({ verdict }) => exitCodeOfVerdict(verdict)),
  ]);
}

/** One gate on one line: verdict, promise, what was measured. */
export function gateLine({ verdict, expression, reason }: GateVerdict): string {
  const mark = verdict === "pass" ? "pass" : verdict.toUpperCase();
  return `gate ${mark}: ${expression} (${reason.replace(/\.$/, "")})`;
}

function doubtLines({ doubts }: Result, columns: number): string {
  return ["Reasons for doubt:", ...doubts.map(({ text }) => wrapped(`- ${text}`, columns))].join(
    "\n",
  );
}

/** Breaks lines that are too long for the terminal between words; the rest is indented. */
export function wrapped(text: string, columns: number): string {
  return text
    .split("\n")
    .flatMap((line) =>
      line.length <= columns || line.includes("  ") ? [line] : broken(line, columns),
    )
    .join("\n");
}

function broken(line: string, columns: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    if (current !== "" && current.length + 1 + word.length > columns) {
      lines.push(current);
      current = `  ${word}`;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
