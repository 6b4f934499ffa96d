import { isDeepStrictEqual } from "node:util";
import { type Along, sharedSlope } from "../math/shared-slope.ts";
import type { RoundPair } from "../result/pairs.ts";
import type { Judged } from "./term-value.ts";

/**
 * Neighbours on a machine take more from one system than from another: where a mesh did 10% less, a
 * model was seen to do 8% less, within runs and between them. So their ratio is another in other
 * weather, though neither has changed. What the rounds of a reference show of that is taken out.
 */
export interface Weather {
  /** Where what is below in the ratio goes by one, as logarithms, what is above goes by so much. */
  readonly slope: number;
}

/** The weather falls on both sides alike: the ratio itself is compared. */
const ALIKE: Weather = { slope: 1 };
/** With less in common the rounds do not tell how the sides go together. */
const LEAST_CORRELATION = 0.5;
/** A slope beyond this is no weather that falls on both. */
const [FLATTEST, STEEPEST] = [0.5, 2];

/**
 * How the sides of a ratio go together with the weather, by the reference alone, so that a loss of
 * the run that is judged has no part in it.
 * @param run what is paired in the run. Its weather must be among that of the reference: nothing is
 *   known of any other.
 * @param held what is paired in each run of the reference.
 */
export function weatherOf(
  run: readonly RoundPair[],
  held: readonly (readonly RoundPair[])[],
): Weather {
  const rounds = held.map(roundsOf);
  const shared = sharedSlope(rounds);
  if (shared === null || shared.correlation < LEAST_CORRELATION) return ALIKE;
  if (shared.slope < FLATTEST || shared.slope > STEEPEST) return ALIKE;
  const seen = rounds.flatMap((group) => group.map(({ x }) => x));
  const now = meanOverOf(run);
  return now < Math.min(...seen) || now > Math.max(...seen) ? ALIKE : { slope: shared.slope };
}

/** Whether a system is set up in both as in the other: what is not has no weather in common. */
export function isSetAlike(name: string, result: Judged, reference: Judged): boolean {
  const [now, then] = [result, reference].map(({ systems }) => {
    const { kind, engine, device, settings } = systems[name]!;
    // As a file has it, which the reference was read from and the result may not have been.
    return JSON.parse(JSON.stringify({ kind, engine, device, settings })) as unknown;
  });
  return isDeepStrictEqual(now, then);
}

/** Logarithms of the ratios, the weather taken out. */
export function logsIn({ slope }: Weather, pairs: readonly RoundPair[]): number[] {
  return pairs.map(({ of, over }) => Math.log(of) - slope * Math.log(over));
}

/** Mean of the logarithms below. */
export const meanOverOf = (pairs: readonly RoundPair[]): number =>
  pairs.reduce((sum, { over }) => sum + Math.log(over), 0) / pairs.length;

/** A round is less noisy than a block, and the weather lasts longer than it. */
function roundsOf(pairs: readonly RoundPair[]): Along[] {
  const rounds = new Map<number, RoundPair[]>();
  for (const pair of pairs) rounds.set(pair.round, [...(rounds.get(pair.round) ?? []), pair]);
  return [...rounds.values()].map((group) => ({
    x: meanOverOf(group),
    y: group.reduce((sum, { of }) => sum + Math.log(of), 0) / group.length,
  }));
}
