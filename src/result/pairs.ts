import type { Pair } from "../math/paired-ratio.ts";
import { METRICS } from "./metric.ts";
import type { MetricName } from "./metric.ts";
import type { Point } from "./schema.ts";
import { pairedBy } from "./standing.ts";
import type { Standing } from "./standing.ts";

/** Both sides of a round, or of a block of one. */
export interface RoundPair extends Pair {
  readonly round: number;
}

/** What is paired, in the order of time. */
export interface Pairs {
  readonly pairs: readonly RoundPair[];
  readonly kind: "rounds" | "blocks";
}

type Side = Pick<Standing, "valid">;

/** Throughput is paired by blocks, where both sides have them alike; all else by rounds. */
export function pairsOf(of: Side, over: Side, metric: MetricName): Pairs {
  const byBlock = metric === "throughput" ? pairsByBlock(of, over) : [];
  return byBlock.length > 0
    ? { pairs: byBlock, kind: "blocks" }
    : { pairs: pairsByRound(of, over, metric), kind: "rounds" };
}

/** Values of a metric in the rounds where both sides are valid and have a number above 0. */
export function pairsByRound(of: Side, over: Side, metric: MetricName): RoundPair[] {
  return roundsOfBoth(of, over).flatMap(([one, other]) => {
    const [left, right] = [METRICS[metric].of(one) ?? 0, METRICS[metric].of(other) ?? 0];
    return left > 0 && right > 0 ? [{ of: left, over: right, round: one.round }] : [];
  });
}

/**
 * Throughputs of the blocks that were measured next to each other. Empty where a round is one block
 * or the sides have not as many, and where a side stood still for a whole one: that block has no
 * ratio and must not drop out unseen; in its round's throughput it counts.
 */
export function pairsByBlock(of: Side, over: Side): RoundPair[] {
  const rounds = roundsOfBoth(of, over);
  const areAlike = rounds.every(
    ([{ blocks }, other]) => blocks.length > 1 && blocks.length === other.blocks.length,
  );
  if (!areAlike) return [];
  const pairs = rounds.flatMap(([{ blocks, round }, other]) =>
    blocks.map((block, i) => ({
      of: block.throughputPerSecond,
      over: other.blocks[i]!.throughputPerSecond,
      round,
    })),
  );
  return pairs.every((pair) => pair.of > 0 && pair.over > 0) ? pairs : [];
}

/** Points of rounds that are valid on both sides. */
function roundsOfBoth(of: Side, over: Side): [of: Point, over: Point][] {
  const overByPlace = new Map(over.valid.map((point) => [pairedBy(point), point]));
  return of.valid.flatMap((point): [Point, Point][] => {
    const other = overByPlace.get(pairedBy(point));
    return other === undefined ? [] : [[point, other]];
  });
}
