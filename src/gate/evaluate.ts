import { pairedRatio } from "../math/paired-ratio.ts";
import { unpairedRatio } from "../math/unpaired-ratio.ts";
import { pairsByBlock, type Pairs, type RoundPair } from "../result/pairs.ts";
import { measuredSystems } from "../result/role.ts";
import type { GateVerdict, Result } from "../result/schema.ts";
import { COUNTS, parseGates } from "./expression.ts";
import type { GateExpression } from "./expression.ts";
import { exactly, roundInterval } from "./interval.ts";
import { readTerm } from "./term-value.ts";
import type { Judged, MissingTerm, TermValue } from "./term-value.ts";
import { toVerdict } from "./verdict.ts";
import type { Measured } from "./verdict.ts";

/** A result that gates are asked about: whole, or cut short. */
export type Gated = Judged & Pick<Result, "complete">;

/**
 * Judges every expression against a result. Nothing passes by being absent: an unknown system or
 * load, a round without the number, a result that is not complete, a reference that was not given
 * or lacks the number give `invalid`.
 * @param reference a result that `checkComparable` has let through; null: there is none.
 * @throws HarnessError BAD_INPUT with every expression that cannot be read.
 */
export function evaluateGates(
  texts: readonly string[],
  result: Gated,
  reference: Judged | null = null,
): GateVerdict[] {
  return parseGates(texts).flatMap((expression) => evaluateGate(expression, result, reference));
}

/** One verdict, or one for each system where the expression says `*`. */
function evaluateGate(
  expression: GateExpression,
  result: Gated,
  reference: Judged | null,
): GateVerdict[] {
  if (expression.left.system !== "*") return [judge(expression, result, reference)];
  const systems = measuredSystems(result);
  if (systems.length === 0) return [toVerdict(expression, { missing: "no system was measured" })];
  return systems.map((system) => {
    const text = expression.text.replace("*", system);
    return judge({ ...expression, text, left: { ...expression.left, system } }, result, reference);
  });
}

function judge(expression: GateExpression, result: Gated, reference: Judged | null): GateVerdict {
  if (!result.complete) return toVerdict(expression, { missing: "the run did not complete" });
  const own = readSeries(expression, result);
  if ("missing" in own) return toVerdict(expression, own);
  if (!expression.ofReference) return toVerdict(expression, measured(expression, own));
  if (reference === null) {
    return toVerdict(expression, { missing: "no reference was given to compare with" });
  }
  const held = readSeries(expression, asFarAs(result, reference));
  if ("missing" in held) {
    return toVerdict(expression, { missing: `of the reference, ${held.missing}` });
  }
  return toVerdict(expression, againstReference(expression, own, held));
}

/**
 * The reference as it stood after as many rounds as the result has. Systems go on getting faster for
 * a while, not all alike: a first look at a few rounds would be held against what the reference
 * came to in the end.
 */
function asFarAs(result: Judged, reference: Judged): Judged {
  const last = Math.max(...result.points.map(({ round }) => round));
  return { ...reference, points: reference.points.filter(({ round }) => round <= last) };
}

/** What an expression speaks of, in the order of time; where it is a ratio, both sides of each. */
interface Series extends Pick<Pairs, "kind"> {
  readonly values: readonly number[];
  readonly pairs: Pairs["pairs"] | null;
}

function readSeries(expression: GateExpression, result: Judged): Series | MissingTerm {
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

function measured({ left }: GateExpression, { values, pairs, kind }: Series): Measured {
  const n = values.length;
  if (pairs !== null) {
    const { ratio: value, low, high } = pairedRatio(pairs, "higher", kind);
    return { value, low, high, n, basis: n === 1 ? `one pair of ${kind}` : `${n} paired ${kind}` };
  }
  if (COUNTS.includes(left.metric)) {
    return { ...exactly(Math.max(...values)), n, basis: `in the worst of ${counted(n)}` };
  }
  const basis = `median of ${counted(n)}`;
  return { ...roundInterval(values, left.metric === "recall"), n, basis };
}

/** The result's number as a share of the reference's. */
function againstReference(expression: GateExpression, own: Series, held: Series): Measured {
  const [now, then] = [measured(expression, own), measured(expression, held)];
  const basis = `${counted(now.n, own.kind)} against ${counted(then.n, held.kind)} of the reference`;
  const base = { n: now.n, basis, reference: then.value };
  if (COUNTS.includes(expression.left.metric)) {
    // A reference without a fault has no shares: any fault is then infinitely many times as many.
    const share = now.value === then.value ? 1 : now.value / then.value;
    return { ...base, ...exactly(share) };
  }
  const isShare = expression.left.metric === "recall";
  const sides = [own.values, held.values];
  if (sides.some((values) => values.some((value) => value <= 0))) {
    return { ...base, value: now.value / then.value, low: NaN, high: NaN };
  }
  if (isShare && sides.some(({ length }) => length < 2)) {
    return { ...base, ...exactly(now.value / then.value) };
  }
  const { ratio, low, high } = unpairedRatio(own.values, held.values, "higher");
  return { ...base, value: ratio, low, high };
}

const counted = (n: number, kind: Pairs["kind"] = "rounds"): string =>
  n === 1 ? `one ${kind.slice(0, -1)}` : `${n} ${kind}`;
