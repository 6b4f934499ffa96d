import { evaluateGates } from "../../gate/evaluate.ts";
import { GateSettling } from "../../gate/settling.ts";
import type { GateVerdict, Point, Result } from "../../result/schema.ts";

/**
 * Halfway between no loss and a fifth, as ratios go: the square root of 0.8 is 0.894. Of what lies
 * on it one run in twenty passes, and one in twenty is red.
 */
export const PROMISE = "throughput(model)/throughput(mesh) >= 0.895 * reference (ci 90%)";

/** Rounds before the first look: the quickstart's own. */
export const FIRST_LOOK = 5;

/** What a run came to, and after how many rounds. */
export interface Settled {
  readonly gate: GateVerdict;
  readonly verdict: GateVerdict["verdict"];
  readonly rounds: number;
}

/**
 * Judges a run with a loss as `run --gate` would, looking at no more of its rounds than it asks for.
 * @param reference other runs of the same.
 * @param loss share of its answers that the model is made to lose.
 */
export function settledAt(loss: number, result: Result, reference: readonly Result[]): Settled {
  const measured = Math.max(...result.points.map(({ round }) => round));
  const first = Math.min(FIRST_LOOK, measured);
  const settling = new GateSettling({ kind: "rounds", rounds: measured - first });
  const points = result.points.map((point) => slowed(point, loss));
  for (let rounds = first; ;) {
    const seen = { ...result, points: points.filter(({ round }) => round <= rounds) };
    const gates = evaluateGates([PROMISE], seen, reference);
    const further = settling.roundsAfter({ gates, rounds, seconds: rounds });
    const [gate] = gates as [GateVerdict];
    if (further === 0) return { gate, verdict: gate.verdict, rounds };
    rounds += further;
  }
}

/** The point as if the model had answered so much less in each of its blocks. */
function slowed(point: Point, loss: number): Point {
  if (point.system !== "model") return point;
  const { throughputPerSecond, blocks } = point;
  return {
    ...point,
    throughputPerSecond: throughputPerSecond * (1 - loss),
    blocks: blocks.map((block) => ({
      ...block,
      throughputPerSecond: block.throughputPerSecond * (1 - loss),
    })),
  };
}
