import type { RunComparison, RunComparisonRow } from "./run-comparison.ts";

/**
 * What has changed from one run to another in one sentence: the throughput over the mesh's where
 * there is a mesh, else that of the first system. It states none between runs that answer different
 * questions.
 */
export function comparisonSentence({ rows, question }: RunComparison): string {
  const row = rows.find(({ metric }) => metric === "throughput");
  if (row === undefined) return "No system is in both runs.";
  if (question.length > 0) {
    return "No change is stated: the two runs do not answer the same question.";
  }
  if (row.ratio === null) {
    return `No change is stated: a run has no valid round of ${row.subject}.`;
  }
  return `${claim(row)}${bounds(row)}.`;
}

function claim({ subject, ratio, verdict }: RunComparisonRow): string {
  const what = `the throughput of ${subject}`;
  const times = `${factor(ratio!)} times what it was`;
  switch (verdict) {
    case "better":
      return `Better: ${what} is ${times}`;
    case "worse":
      return `Worse: ${what} is only ${times}`;
    case "same":
      return `The same: ${what} is ${times}, within 1%`;
    case "inconclusive":
      return `It is not settled whether ${what} has changed: it came out at ${times}`;
  }
}

function bounds({ low, high, rounds: [before, after] }: RunComparisonRow): string {
  const counts = `${before} rounds before, ${after} after`;
  if (low === null || high === null) return ` (no interval; ${counts})`;
  return ` (95% interval ${factor(low)} to ${factor(high)}; ${counts})`;
}

const factor = (ratio: number): string => ratio.toPrecision(3);
