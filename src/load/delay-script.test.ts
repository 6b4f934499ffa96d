import { expect, test } from "vitest";
import { type DelayScript, scriptedQuantile } from "./delay-script.ts";

/** Latencies of evenly spaced arrivals under a script, computed one by one. */
function simulated(script: DelayScript, windowMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const atMs = ((i + 0.5) / count) * windowMs;
    switch (script.kind) {
      case "constant":
        return script.delayMs;
      case "bimodal":
        return i % script.slowEach === 0 ? script.slowMs : script.delayMs;
      case "stall":
        return Math.max(script.delayMs, script.stallMs - atMs);
      case "stop":
        return Math.max(0, script.stopMs - (atMs % script.everyMs));
    }
  }).toSorted((a, b) => a - b);
}

const scripts: DelayScript[] = [
  { kind: "constant", delayMs: 20 },
  { kind: "bimodal", delayMs: 10, slowMs: 80, slowEach: 10 },
  { kind: "stall", delayMs: 5, afterRequests: 1, stallMs: 2_000 },
  { kind: "stop", stopMs: 300, everyMs: 1_000 },
];

test.each(scripts)("the closed form is what a simulation gives: $kind", (script) => {
  const latencies = simulated(script, 6_000, 60_000);
  for (const share of [0.1, 0.5, 0.66, 0.71, 0.85, 0.89, 0.91, 0.95, 0.99]) {
    const at = latencies[Math.floor(share * latencies.length)]!;
    expect(Math.abs(scriptedQuantile(script, share, 6_000) - at)).toBeLessThan(1);
  }
});
