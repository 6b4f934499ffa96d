import type { GateVerdict, Settling } from "../result/schema.ts";
import { budgetText } from "./budget.ts";
import type { GateBudget } from "./budget.ts";

/** What a look at the gates found, and what it took to get there. */
export interface Look {
  readonly gates: readonly GateVerdict[];
  /** Rounds measured so far, and seconds since the first of them began. */
  readonly rounds: number;
  readonly seconds: number;
}

/**
 * Decides how many rounds more a run measures before its gates count. Each look has twice the rounds
 * of the one before, as far as the budget goes: looking after every round would stop at the first
 * that is red by chance. For the same reason a regression counts when two looks in a row say so.
 */
export class GateSettling {
  readonly #budget: GateBudget;
  readonly #looks: Settling["looks"] = [];
  #first: Look | null = null;
  #red: ReadonlySet<string> = new Set();

  constructor(budget: GateBudget) {
    this.#budget = budget;
  }

  /** How many rounds more; 0: all is settled, the rest cannot be, or the budget is spent. */
  roundsAfter(look: Look): number {
    this.#first ??= look;
    const open = look.gates
      .filter((gate) => this.#isOpen(gate))
      .map(({ expression }) => expression);
    const { rounds, seconds } = look;
    this.#looks.push({ rounds, seconds, open });
    this.#red = new Set(
      look.gates.flatMap(({ verdict, expression }) => (verdict === "regression" ? expression : [])),
    );
    // What is missing stays missing: more rounds cannot make the answer a better one.
    const isHopeless = look.gates.some(({ verdict }) => verdict === "invalid");
    return open.length === 0 || isHopeless ? 0 : this.#affordable(look);
  }

  /** The story of it, for the result. */
  get story(): Settling {
    return { budget: budgetText(this.#budget), looks: [...this.#looks] };
  }

  #isOpen({ verdict, expression, low, high }: GateVerdict): boolean {
    if (verdict === "inconclusive") return true;
    // A number without an interval, such as a count of faults, is no matter of chance.
    const isByChance = low !== null && low !== high;
    return verdict === "regression" && isByChance && !this.#red.has(expression);
  }

  /** At most as many as there are: the next look has twice the rounds. */
  #affordable({ rounds, seconds }: Look): number {
    const first = this.#first!;
    if (this.#budget.kind === "rounds") {
      return Math.max(0, Math.min(rounds, this.#budget.rounds - (rounds - first.rounds)));
    }
    const left = this.#budget.seconds - (seconds - first.seconds);
    return Math.max(0, Math.min(rounds, Math.floor((left * rounds) / seconds)));
  }
}
