import type { ErrorCode } from "../errors.ts";

/** What the command line tells the shell. */
export const EXIT_CODES = {
  0: "done, and every gate passed",
  1: "internal error: a fault of silverbench",
  2: "bad usage, scenario or input",
  3: "gate: regression",
  4: "gate: inconclusive",
  5: "invalid: a service died, or the headline or a gate needs an invalid point",
  6: "data is missing, damaged or does not match",
  130: "interrupted",
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

/** Where several apply, the first of these wins. */
const PRECEDENCE: readonly ExitCode[] = [130, 1, 2, 6, 5, 3, 4];

const OF_ERROR: Readonly<Record<ErrorCode, ExitCode>> = {
  INTERNAL: 1,
  BAD_INPUT: 2,
  DATA: 6,
  INVALID: 5,
  UNAVAILABLE: 5,
  OVERLOADED: 5,
  DEADLINE: 5,
  INTERRUPTED: 130,
};

const OF_VERDICT = { pass: 0, regression: 3, inconclusive: 4, invalid: 5 } as const;

export type Verdict = keyof typeof OF_VERDICT;

export const exitCodeOfError = (code: ErrorCode): ExitCode => OF_ERROR[code];

export const exitCodeOfVerdict = (verdict: Verdict): ExitCode => OF_VERDICT[verdict];

/** The one code for a command in which several things happened. */
export function worstExitCode(codes: Iterable<ExitCode>): ExitCode {
  const seen = new Set(codes);
  return PRECEDENCE.find((code) => seen.has(code)) ?? 0;
}
