import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { HarnessError } from "../errors.ts";
import { writeError } from "./atomic-file.ts";
import { firstOf, measuredSystems } from "./role.ts";
import type { GateVerdict, Result } from "./schema.ts";
import { schemaIssues } from "./schema-issues.ts";
import { medianOf, standingOf } from "./standing.ts";

const number = z.number().nullable();

/** One run in a history: what a trend is drawn from. */
const historyRowSchema = z.strictObject({
  schema: z.literal("silverbench.history/1"),
  startedAt: z.string(),
  /** Of the code that was measured; "" where nobody said. */
  commit: z.string(),
  scenario: z.string(),
  machineClass: z.string(),
  dataset: z.string(),
  /** Headline medians of each system. */
  systems: z.record(
    z.string(),
    z.strictObject({ throughput: number, p50: number, p99: number, recall: number, cpu: number }),
  ),
  /** Throughput over the mesh's, with its interval. */
  overMesh: z.record(z.string(), z.strictObject({ ratio: z.number(), low: number, high: number })),
  verdicts: z.array(z.strictObject({ expression: z.string(), verdict: z.string() })),
});

export type HistoryRow = z.output<typeof historyRowSchema>;

/** A result and the verdicts on it as a line of a history. */
export function toHistoryRow(
  result: Result,
  gates: readonly GateVerdict[],
  commit: string,
): HistoryRow {
  const systems = measuredSystems(result).map((name) => {
    const standing = standingOf(result, name);
    const [throughput, p50, p99, recall, cpu] = (
      ["throughput", "p50", "p99", "recall", "cpu"] as const
    ).map((metric) => medianOf(standing, metric));
    return [name, { throughput, p50, p99, recall, cpu }] as const;
  });
  const mesh = firstOf(result, "mesh");
  const ratios = result.comparisons.flatMap(({ metric, of, over, ratio, low, high }) =>
    metric === "throughput" && over === mesh && ratio !== null
      ? [[of, { ratio, low, high }] as const]
      : [],
  );
  return historyRowSchema.parse({
    schema: "silverbench.history/1",
    startedAt: result.startedAt,
    commit,
    scenario: result.scenario.name,
    machineClass: result.machine.class,
    dataset: result.dataset.hash,
    systems: Object.fromEntries(systems),
    overMesh: Object.fromEntries(ratios),
    verdicts: gates.map(({ expression, verdict }) => ({ expression, verdict })),
  });
}

/** Adds a line; the file and its folder are made where they are not there. */
export async function appendHistory(path: string, row: HistoryRow): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, `${JSON.stringify(row)}\n`);
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/**
 * Reads a history, oldest first. A last line without its end is what a crash leaves: it is dropped.
 * @throws HarnessError DATA naming the line that cannot be read.
 */
export async function readHistory(path: string): Promise<HistoryRow[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HarnessError("DATA", `the history ${path} cannot be read`, { cause });
  });
  const lines = text.split("\n").slice(0, -1);
  const rows = lines.map((line, index) => {
    const parsed = historyRowSchema.safeParse(jsonOrNull(line));
    if (parsed.success) return parsed.data;
    throw new HarnessError("DATA", `the history is damaged: ${schemaIssues(parsed.error)}`, {
      where: `${path}:${index + 1}`,
    });
  });
  return rows.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
}

function jsonOrNull(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
