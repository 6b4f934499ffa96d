import { describe, expect, it } from "vitest";
import { effectsOf, type FaultEvents, type Strike } from "./fault-recovery.ts";

const strike = (struckMs: number, changes: Partial<Strike> = {}): Strike => ({
  service: "index",
  kind: "kill",
  atSeconds: struckMs / 1000,
  seconds: 2,
  struckMs,
  undoneMs: struckMs + 2_500,
  ...changes,
});

const answer = (
  doneMs: number,
  worth: "good" | "partial" | "poor" = "good",
  latencyMs = 10,
): FaultEvents["answers"][number] => ({ doneMs, latencyMs, worth });

describe("the effect of a fault", () => {
  it("is over with the first good answer after the last error", () => {
    const events = {
      answers: [answer(900), answer(1_005), answer(2_000), answer(4_200), answer(4_300)],
      failuresMs: [500, 1_100, 4_100],
    };
    expect(effectsOf([strike(1_000)], events)).toEqual([
      {
        service: "index",
        kind: "kill",
        atSeconds: 1,
        seconds: 2,
        downSeconds: 2.5,
        errors: 2,
        partial: 0,
        recoverySeconds: 3.2,
      },
    ]);
  });

  it("does not take an answer to an earlier request for a recovery", () => {
    const events = {
      answers: [answer(1_005, "good", 10), answer(1_400, "good", 50)],
      failuresMs: [],
    };
    expect(effectsOf([strike(1_000)], events)[0]!.recoverySeconds).toBe(0.4);
  });

  it("waits for answers that are whole and in time again", () => {
    const events = {
      answers: [answer(1_500, "partial"), answer(2_500, "poor", 900), answer(3_000)],
      failuresMs: [],
    };
    const [effect] = effectsOf([strike(1_000)], events);
    expect(effect).toMatchObject({ errors: 0, partial: 1, recoverySeconds: 2 });
  });

  it("says so where no good answer came, and leaves the next fault's errors to that one", () => {
    const events = { answers: [answer(9_000)], failuresMs: [1_500, 5_500] };
    const effects = effectsOf([strike(5_000), strike(1_000)], events);
    expect(effects.map(({ errors, recoverySeconds }) => [errors, recoverySeconds])).toEqual([
      [1, null],
      [1, 4],
    ]);
  });
});
