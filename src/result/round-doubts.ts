import { doubt } from "./doubts.ts";
import type { Doubt, Result } from "./schema.ts";
import { medianOf, totalOf } from "./standing.ts";
import type { Standing } from "./standing.ts";
import { statedRatios } from "./stated-ratio.ts";

/** Beyond this share of the time, waiting for a CPU shows. */
const HELD_UP_SHARE = 0.02;

/**
 * As many answers give a mean recall a standard error of 0.05 at most: numbers from 0 to 1 have a
 * standard deviation of at most a half.
 */
const MANY_SCORED = 100;

/** How much the rounds say, and how steady the machine was. */
export function ofTheRounds(
  result: Pick<Result, "comparisons" | "points" | "dataset">,
  standings: readonly Standing[],
): Doubt[] {
  const doubts: Doubt[] = [];
  const headline = result.comparisons.filter(({ metric }) => metric === "throughput");
  const few = headline.filter(({ n }) => n < 5);
  if (few.length > 0) {
    doubts.push(
      doubt("few-rounds", few.map(({ of, over, n }) => `${n} of ${of} and ${over}`).join(", ")),
    );
  }
  // What is not stated is told nowhere by its number, in a doubt no more than elsewhere.
  const wide = statedRatios(result.comparisons).filter(
    ({ low, high }) => low !== null && high !== null && high / low > 1.25,
  );
  if (wide.length > 0) {
    const which = wide.map(
      ({ of, over, low, high }) =>
        `${of} over ${over} is anywhere from ${low!.toFixed(2)} to ${high!.toFixed(2)}`,
    );
    doubts.push(doubt("wide-interval", which.join(", ")));
  }
  const strange = headline.filter(({ outliers }) => outliers.length > 0);
  if (strange.length > 0) {
    const which = strange.map(
      ({ of, over, outliers }) => `${outliers.join(", ")} of ${of} over ${over}`,
    );
    doubts.push(doubt("outliers", `rounds ${which.join("; ")}`));
  }
  const heldUp = result.points.filter(({ client }) => (client.waitShare ?? 0) > HELD_UP_SHARE);
  if (heldUp.length > 0) {
    const most = Math.max(...heldUp.map(({ client }) => client.waitShare!));
    const share = `${heldUp.length} of ${result.points.length} points, for up to ${Math.round(most * 100)}% of the time`;
    doubts.push(doubt("held-up", `in ${share}; high percentiles hold its waiting as well`));
  }
  const flagged = result.points.filter(({ calibration }) => calibration?.flagged === true);
  if (flagged.length > 0) {
    const share = `${flagged.length} of ${result.points.length} points`;
    doubts.push(
      doubt(
        "machine-drift",
        `fixed work took more than 15% longer or shorter than usual before ${share}`,
      ),
    );
  }
  const asked = Math.max(
    0,
    ...standings.flatMap(({ points }) => points.map((point) => point.completed)),
  );
  if (asked >= 1.05 * result.dataset.requests) {
    const times = (asked / result.dataset.requests).toFixed(1);
    doubts.push(doubt("repeated-requests", `each was asked up to ${times} times in a round`));
  }
  return doubts;
}

/** How a system did in its rounds. */
export function ofTheStanding(standing: Standing): Doubt[] {
  const { system, points, valid, shortcomings } = standing;
  const doubts: Doubt[] = [];
  if (shortcomings.length > 0)
    doubts.push(doubt("below-target", `${system}: ${shortcomings.join("; ")}`));
  const violations = totalOf(standing, "violations");
  if (violations > 0) doubts.push(doubt("violations", `${violations} by ${system}`));
  if (valid.length < points.length) {
    const reasons = differentReasons(
      points.flatMap((point) => (point.verdict === "invalid" ? point.reasons : [])),
    );
    const count = `${points.length - valid.length} of ${points.length} of ${system}`;
    doubts.push(
      doubt("invalid-points", reasons.length === 0 ? count : `${count} (${reasons.join("; ")})`),
    );
  }
  const bound = points.filter(({ bound: by }) => by === "client").length;
  if (bound > 0)
    doubts.push(doubt("client-bound", `in ${bound} of ${points.length} rounds of ${system}`));
  if (valid.length > 0 && medianOf(standing, "p99") === null) {
    doubts.push(doubt("few-samples", `not shown for ${system}`));
  }
  // Where there is no recall, that is said already.
  const scored = valid.flatMap((point) => (point.recall === null ? [] : (point.scored ?? [])));
  const fewest = Math.min(...scored);
  if (fewest < MANY_SCORED) {
    doubts.push(doubt("few-scored", `${fewest} of ${system} in the round with the fewest`));
  }
  const spread = spreadOf(standing);
  if (spread > 0.15) {
    doubts.push(
      doubt(
        "not-steady",
        `that of ${system} has a standard deviation of ${Math.round(spread * 100)}%`,
      ),
    );
  }
  return doubts;
}

/** Reasons that differ in more than their numbers; of those alike, the first. */
function differentReasons(reasons: readonly string[]): string[] {
  const first = new Map<string, string>();
  for (const reason of reasons) {
    const kind = reason.replaceAll(/\d[\d.,]*/g, "#");
    if (!first.has(kind)) first.set(kind, reason);
  }
  return [...first.values()];
}

/** Standard deviation of the rounds' throughput over its mean; 0 for fewer than two. */
function spreadOf({ valid }: Standing): number {
  const n = valid.length;
  if (n < 2) return 0;
  const mean = valid.reduce((sum, point) => sum + point.throughputPerSecond, 0) / n;
  if (mean === 0) return 0;
  const square = valid.reduce((sum, point) => sum + (point.throughputPerSecond - mean) ** 2, 0);
  return Math.sqrt(square / (n - 1)) / mean;
}
