import type { SelftestOutcome } from "../load/selftest.ts";

/** What `selftest` shows: each case, and of each percentile what is true and what was read. */
export function selftestText(outcomes: readonly SelftestOutcome[]): string {
  const failed = outcomes.filter(({ passed }) => !passed).length;
  const verdict =
    failed === 0
      ? "The ruler reads what is true."
      : `The ruler fails ${failed} of ${outcomes.length} cases: trust no latency from this machine now.`;
  return [...outcomes.map(caseText), verdict].join("\n\n");
}

function caseText({ name, passed, tries, expected, counted, checks }: SelftestOutcome): string {
  const again = tries > 1 ? `, at try ${tries}` : "";
  const lost = counted === expected ? "" : `; ${counted} of ${expected} requests have a latency`;
  return [
    `${passed ? "pass" : "FAIL"}  ${name}${again}${lost}`,
    `      percentile  true, ms  read, ms`,
    ...checks.map(({ share, truthMs, measuredMs, holds }) => {
      const cells = [percentile(share).padStart(10), truthMs.toFixed(1).padStart(8)];
      return `      ${cells.join("  ")}  ${measuredMs.toFixed(1).padStart(8)}${holds ? "" : "  <- wrong"}`;
    }),
  ].join("\n");
}

const percentile = (share: number): string => `p${Number((share * 100).toFixed(1))}`;
