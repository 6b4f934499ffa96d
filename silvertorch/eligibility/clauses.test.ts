import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Clause,
  clausesOf,
  clauseTensors,
  encodeClauses,
  type EncodedClauses,
} from "./clauses.ts";
import { combine, constant, type Expression, literal } from "./expression.ts";

const ROWS = 5;

/** Expressions over a few rows, some of them negated, some constant. */
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ row: fc.nat(ROWS - 1), negated: fc.boolean() }).map(({ row, negated }) => {
      return literal(row, negated);
    }),
    fc.boolean().map(constant),
    fc
      .record({
        op: fc.constantFrom("and" as const, "or" as const),
        parts: fc.array(tie("expression"), { minLength: 1, maxLength: 3 }),
      })
      .map(({ op, parts }) => combine(op, parts)),
  ),
}));

function isTrue(of: Expression, holds: readonly boolean[]): boolean {
  switch (of.kind) {
    case "constant":
      return of.value;
    case "chain":
      return of.steps.reduce((before, { op, literal: { row, negated } }, at) => {
        const own = holds[row]! !== negated;
        if (at === 0) return own;
        return op === "and" ? before && own : before || own;
      }, true);
    case "and":
      return of.parts.every((part) => isTrue(part, holds));
    case "or":
      return of.parts.some((part) => isTrue(part, holds));
  }
}

/** What the graph computes: see graph/clause-check.ts. Row r of a literal has the range [r, r, r]. */
function allHold(
  { ranges, signs, least }: Pick<EncodedClauses, "ranges" | "signs" | "least">,
  holds: readonly boolean[],
): boolean {
  const literals = ranges.length / 3;
  return least.every((needed, clause) => {
    let all = 0;
    for (let at = 0; at < literals; at++) {
      if (holds[ranges[at]!]!) all += signs[clause * literals + at]!;
    }
    return all >= needed;
  });
}

const everyTruth = Array.from({ length: 2 ** ROWS }, (_, bits) =>
  Array.from({ length: ROWS }, (__, row) => ((bits >> row) & 1) === 1),
);

test("clauses are true where the expression is, encoded too", () => {
  fc.assert(
    fc.property(expression, (of) => {
      const clauses = clausesOf(of);
      if (clauses === null) return;
      const encoded = encodeClauses(clauses, (row) => [row, row, row])!;
      for (const holds of everyTruth) expect(allHold(encoded, holds)).toBe(isTrue(of, holds));
    }),
    { numRuns: 300 },
  );
});

test("too many clauses or literals are none", () => {
  const pair = (at: number): Expression => combine("and", [literal(2 * at), literal(2 * at + 1)]);
  const many = Array.from({ length: 6 }, (_, at) => pair(at));
  expect(clausesOf(combine("or", many.slice(0, 5)))).toHaveLength(32);
  expect(clausesOf(combine("or", many))).toBeNull();
  const wide: Clause = Array.from({ length: 65 }, (_, row) => ({ row, negated: false }));
  expect(encodeClauses([wide], (row) => [row, 0, 0])).toBeNull();
});

test("side by side, a plan with less than another asks for no more", () => {
  const short = encodeClauses(clausesOf(literal(3))!, (row) => [row, row, row])!;
  const long = encodeClauses(
    clausesOf(combine("and", [literal(0), combine("or", [literal(1, true), literal(2)])]))!,
    (row) => [row, row, row],
  )!;
  const { literals, clauses, ranges, signs, least } = clauseTensors([short, null, long]);
  expect([literals, clauses]).toEqual([3, 2]);
  const of = (plan: number): Pick<EncodedClauses, "ranges" | "signs" | "least"> => ({
    ranges: ranges.slice(plan * literals, (plan + 1) * literals),
    signs: signs.slice(plan * clauses * literals, (plan + 1) * clauses * literals),
    least: least.slice(plan * clauses, (plan + 1) * clauses),
  });
  for (const holds of everyTruth) {
    const seen = [0, 1, 2].map((plan) => {
      const { ranges: places, ...rest } = of(plan);
      // The tensors hold places first: with one number a literal, three times over.
      return allHold({ ranges: Int32Array.of(...places, ...places, ...places), ...rest }, holds);
    });
    expect(seen).toEqual([holds[3], true, holds[0]! && (!holds[1]! || holds[2]!)]);
  }
});
