import { pairedRatio } from "../math/paired-ratio.ts";
import type { Pair } from "../math/paired-ratio.ts";
import { unpairedRatio } from "../math/unpaired-ratio.ts";
import { measuredSystems } from "../result/role.ts";
import type { GateVerdict, Result } from "../result/schema.ts";
import { COUNTS, parseGates } from "./expression.ts";
import type { GateExpression } from "./expression.ts";
import { exactly, roundInterval } from "./interval.ts";
import { readTerm } from "./term-value.ts";
import type { Judged, MissingTerm } from "./term-value.ts";
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
  const own = readRounds(expression, result);
  if ("missing" in own) return toVerdict(expression, own);
  if (!expression.ofReference) return toVerdict(expression, measured(expression, own));
  if (reference === null) {
    return toVerdict(expression, { missing: "no reference was given to compare with" });
  }
  const held = readRounds(expression, reference);
  if ("missing" in held) {
    return toVerdict(expression, { missing: `of the reference, ${held.missing}` });
  }
  return toVerdict(expression, againstReference(expression, own, held));
}

/** What an expression speaks of, round by round; where it is a ratio, both sides of each round. */
interface Rounds {
  readonly values: readonly number[];
  readonly pairs: readonly Pair[] | null;
}

function readRounds(expression: GateExpression, result: Judged): Rounds | MissingTerm {
  const left = readTerm(expression.left, result);
  if ("missing" in left) return left;
  if (expression.over === null) return { values: [...left.byRound.values()], pairs: null };
  const over = readTerm(expression.over, result);
  if ("missing" in over) return over;
  const pairs: Pair[] = [];
  for (const [round, of] of left.byRound) {
    const below = over.byRound.get(round);
    if (below === undefined) continue;
    // A side that is 0 has no ratio, and must not drop out unseen.
    if (of <= 0 || below <= 0) return { missing: `a side of the ratio is 0 in round ${round}` };
    pairs.push({ of, over: below });
  }
  if (pairs.length === 0) return { missing: "no round is valid on both sides" };
  return { values: pairs.map((pair) => pair.of / pair.over), pairs };
}

function measured({ left }: GateExpression, { values, pairs }: Rounds): Measured {
  const n = values.length;
  if (pairs !== null) {
    const { ratio: value, low, high } = pairedRatio(pairs, "higher");
    return { value, low, high, n, basis: n === 1 ? "one pair of rounds" : `${n} paired rounds` };
  }
  if (COUNTS.includes(left.metric)) {
    return { ...exactly(Math.max(...values)), n, basis: `in the worst of ${rounds(n)}` };
  }
  return { ...roundInterval(values, left.metric === "recall"), n, basis: `median of ${rounds(n)}` };
}

/** The result's number as a share of the reference's. */
function againstReference(expression: GateExpression, own: Rounds, held: Rounds): Measured {
  const [now, then] = [measured(expression, own), measured(expression, held)];
  const basis = `${rounds(now.n)} against ${rounds(then.n)} of the reference`;
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

const rounds = (count: number): string => (count === 1 ? "one round" : `${count} rounds`);
