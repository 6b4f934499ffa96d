import { describe, expect, it, test } from "vitest";
import type { GateVerdict } from "../result/schema.ts";
import { parseBudget } from "./budget.ts";
import { GateSettling } from "./settling.ts";
import { settlingText } from "./settling-text.ts";

function gate(verdict: GateVerdict["verdict"], change: Partial<GateVerdict> = {}): GateVerdict {
  const interval = { value: 1, low: 0.9, high: 1.1, limit: 1, reference: null };
  return { expression: "p50(a) <= 1", verdict, ...interval, n: 5, reason: "", ...change };
}

/** Rounds measured at each look, where every look finds the same and a round takes a second. */
function looks(budget: string, gates: readonly GateVerdict[], rounds = 5): number[] {
  const settling = new GateSettling(parseBudget(budget));
  const seen: number[] = [];
  for (let more = rounds; more > 0;) {
    seen.push((seen.at(-1) ?? 0) + more);
    more = settling.roundsAfter({ gates, rounds: seen.at(-1)!, seconds: seen.at(-1)! });
  }
  return seen;
}

describe("rounds beyond the scenario's", () => {
  it("are as many as there are already, while a gate is open and the budget lasts", () => {
    const open = [gate("pass"), gate("inconclusive")];
    expect(looks("40 rounds", open)).toEqual([5, 10, 20, 40, 45]);
    expect(looks("3 rounds", open)).toEqual([5, 8]);
  });

  it("are as many as fit the time, by what a round took so far", () => {
    expect(looks("1m", [gate("inconclusive")])).toEqual([5, 10, 20, 40, 65]);
    expect(looks("0.5s", [gate("inconclusive")])).toEqual([5]);
  });

  it("are none where all gates have passed, or there is no gate", () => {
    expect(looks("1h", [gate("pass")])).toEqual([5]);
    expect(looks("1h", [])).toEqual([5]);
  });

  it("are none where something is missing: it would still be missing", () => {
    expect(looks("1h", [gate("inconclusive"), gate("invalid")])).toEqual([5]);
  });

  it("confirm a regression once, for the first look may be red by chance", () => {
    expect(looks("1h", [gate("regression")])).toEqual([5, 10]);
  });

  it("are not spent on what is counted: a fault does not go away", () => {
    const counted = gate("regression", { value: 2, low: 2, high: 2 });
    expect(looks("1h", [counted])).toEqual([5]);
  });

  it("go on where the second look is not red any more", () => {
    const settling = new GateSettling(parseBudget("1h"));
    const more = (verdict: GateVerdict["verdict"], rounds: number): number =>
      settling.roundsAfter({ gates: [gate(verdict)], rounds, seconds: rounds });
    expect(more("regression", 5)).toBe(5);
    expect(more("inconclusive", 10)).toBe(10);
    expect(more("regression", 20)).toBe(20);
    expect(more("pass", 40)).toBe(0);
    expect(settling.story).toEqual({
      budget: "3600 s",
      looks: [
        { rounds: 5, seconds: 5, open: ["p50(a) <= 1"] },
        { rounds: 10, seconds: 10, open: ["p50(a) <= 1"] },
        { rounds: 20, seconds: 20, open: ["p50(a) <= 1"] },
        { rounds: 40, seconds: 40, open: [] },
      ],
    });
  });
});

test.each([
  [null, ""],
  [[[1, 0]], "The gates were looked at once, after 1 round."],
  [
    [
      [5, 2],
      [10, 1],
      [20, 0],
    ],
    "The gates were looked at 3 times, after 5, 10 and 20 rounds.",
  ],
  [
    [
      [5, 1],
      [10, 1],
    ],
    "The gates were looked at 2 times, after 5 and 10 rounds. One was still open when the budget of 300 s left no more.",
  ],
] as const)("looks %j read as %j", (seen, text) => {
  const told = (seen ?? []).map(([rounds, open]) => ({
    rounds,
    seconds: rounds,
    open: Array<string>(open).fill("gate"),
  }));
  expect(settlingText(seen === null ? null : { budget: "300 s", looks: told })).toBe(text);
});
