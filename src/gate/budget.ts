import { HarnessError } from "../errors.ts";

/** What more rounds may cost, where a gate is not settled: one of the two. */
export type GateBudget =
  | { readonly kind: "seconds"; readonly seconds: number }
  | { readonly kind: "rounds"; readonly rounds: number };

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

/**
 * Reads `90s`, `5m`, `1h` or `20 rounds`.
 * @throws HarnessError BAD_INPUT if it is none of these, or nothing at all.
 */
export function parseBudget(text: string): GateBudget {
  const [, count, unit] = /^\s*(\d+(?:\.\d+)?)\s*(s|m|h|rounds?)\s*$/.exec(text) ?? [];
  const amount = Number(count);
  if (unit !== undefined && amount > 0) {
    if (unit in SECONDS) {
      return { kind: "seconds", seconds: amount * SECONDS[unit as keyof typeof SECONDS] };
    }
    if (Number.isInteger(amount)) return { kind: "rounds", rounds: amount };
  }
  throw new HarnessError("BAD_INPUT", `expected a budget like 5m or "20 rounds", came "${text}"`, {
    hint: "a number above 0 with s, m or h, or a whole number of rounds",
  });
}

/** A budget in words: `300 s` or `20 rounds`. */
export function budgetText(budget: GateBudget): string {
  if (budget.kind === "seconds") return `${budget.seconds} s`;
  return budget.rounds === 1 ? "one round" : `${budget.rounds} rounds`;
}
