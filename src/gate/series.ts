import { pairsByBlock, type Pairs, type RoundPair } from "../result/pairs.ts";
import type { GateExpression } from "./expression.ts";
import { readTerm } from "./term-value.ts";
import type { Judged, MissingTerm, TermValue } from "./term-value.ts";

/** What an expression speaks of, in the order of time; where it is a ratio, both sides of each. */
export interface Series extends Pick<Pairs, "kind"> {
  readonly values: readonly number[];
  readonly pairs: Pairs["pairs"] | null;
}

/** Reads it from a result; why not, where it is not there. */
export function readSeries(expression: GateExpression, result: Judged): Series | MissingTerm {
  const left = readTerm(expression.left, result);
  if ("missing" in left) return left;
  if (expression.over === null) {
    return { values: [...left.byRound.values()], pairs: null, kind: "rounds" };
  }
  const over = readTerm(expression.over, result);
  if ("missing" in over) return over;
  const paired = pairsOfTerms(expression, left, over);
  if ("missing" in paired) return paired;
  return { ...paired, values: paired.pairs.map((pair) => pair.of / pair.over) };
}

/** As the headline is paired: throughput by blocks where it was measured in blocks, so that both say the same. */
function pairsOfTerms(
  { left: { metric } }: GateExpression,
  left: TermValue,
  over: TermValue,
): Pairs | MissingTerm {
  const byBlock = metric === "throughput" ? pairsByBlock(left.standing, over.standing) : [];
  if (byBlock.length > 0) return { pairs: byBlock, kind: "blocks" };
  const pairs: RoundPair[] = [];
  for (const [place, of] of left.byRound) {
    const below = over.byRound.get(place);
    if (below === undefined) continue;
    const round = Number.parseInt(place, 10);
    // A side that is 0 has no ratio, and must not drop out unseen.
    if (of <= 0 || below <= 0) return { missing: `a side of the ratio is 0 in round ${round}` };
    pairs.push({ of, over: below, round });
  }
  if (pairs.length === 0) return { missing: "no round is valid on both sides" };
  return { pairs, kind: "rounds" };
}

/** `5 blocks`, `one round`. */
export const counted = (n: number, kind: Pairs["kind"] = "rounds"): string =>
  n === 1 ? `one ${kind.slice(0, -1)}` : `${n} ${kind}`;
