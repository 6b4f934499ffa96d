import { HarnessError } from "../../src/errors.ts";
import type { ComparisonOp } from "../../src/retrieval/filter/grammar.ts";
import { upperBound, type ColumnRows, type NumericRows } from "./attribute-index.ts";
import { digitOf } from "./digits.ts";
import { combine, constant, literal, negate, type Expression } from "./expression.ts";
import { signatureBits } from "./signature.ts";

/**
 * "The item has this value": all its digits agree, in one of the slots; or all bits of the value are
 * set in its signature, which is true of some items more.
 */
export function equalsValue(column: ColumnRows, code: number): Expression {
  return combine(
    "or",
    valueRows(column, code).map((rows) =>
      combine(
        "and",
        rows.map((row) => literal(row)),
      ),
    ),
  );
}

/** The same as rows of the bitmap table: an item has the value that is in all rows of one of these. */
export function valueRows(column: ColumnRows, code: number): number[][] {
  if (column.kind === "signed") {
    const { firstRow } = column.signatures;
    return [signatureBits(column.signatures, column.column, code).map((bit) => firstRow + bit)];
  }
  if (column.kind !== "categorical") throw wrongKind("a value", column);
  const { firstRow, slots, digits } = column;
  return range(slots).map((slot) =>
    range(digits.count).map(
      (position) =>
        firstRow + (slot * digits.count + position) * digits.base + digitOf(digits, code, position),
    ),
  );
}

/** "The item's number compares so with this one"; false where it has none. */
export function compares(column: ColumnRows, op: ComparisonOp, value: number): Expression {
  if (column.kind !== "numeric") throw wrongKind("a number", column);
  const below = rankBelow(column, value);
  const atMost = upperBound(column.distinct, value) - 1;
  switch (op) {
    case "<=":
      return rankAtMost(column, atMost);
    case "<":
      return rankAtMost(column, below);
    case ">":
      return rankAbove(column, atMost);
    case ">=":
      return rankAbove(column, below);
    case "=":
      return atMost === below ? constant(false) : rankEquals(column, atMost);
    case "!=":
      return atMost === below
        ? rankAbove(column, -1)
        : combine("and", [negate(rankEquals(column, atMost)), rankAbove(column, -1)]);
  }
}

/**
 * Digit by digit from the least significant one: so far at most and this digit at most, or this
 * digit smaller. A largest digit constrains nothing.
 */
function rankAtMost(column: NumericRows, rank: number): Expression {
  const { digits } = column;
  if (rank < 0) return constant(false);
  if (rank >= column.distinct.length - 1) return rankAbove(column, -1);
  let expression = constant(true);
  for (let position = 0; position < digits.count; position++) {
    const digit = digitOf(digits, rank, position);
    const atMost =
      digit === digits.base - 1 ? constant(true) : literal(rowOf(column, position, digit));
    // While nothing below constrains, "smaller" is part of "at most".
    const free = expression.kind === "constant" || digit === 0;
    const smaller = free ? constant(false) : literal(rowOf(column, position, digit - 1));
    expression = combine("or", [combine("and", [expression, atMost]), smaller]);
  }
  return expression;
}

/** "Has a number, and one of a larger rank"; rank -1: has a number. */
function rankAbove(column: NumericRows, rank: number): Expression {
  if (rank >= column.distinct.length - 1) return constant(false);
  const present = literal(rowOf(column, 0, column.digits.base - 1));
  return rank < 0 ? present : combine("and", [negate(rankAtMost(column, rank)), present]);
}

function rankEquals(column: NumericRows, rank: number): Expression {
  const { digits } = column;
  return combine(
    "and",
    range(digits.count).flatMap((position) => {
      const digit = digitOf(digits, rank, position);
      const atMost = literal(rowOf(column, position, digit));
      return digit === 0 ? [atMost] : [atMost, negate(literal(rowOf(column, position, digit - 1)))];
    }),
  );
}

/** Rank of the largest number below `value`; -1 if there is none. */
function rankBelow({ distinct }: NumericRows, value: number): number {
  const atMost = upperBound(distinct, value) - 1;
  return atMost >= 0 && distinct[atMost] === value ? atMost - 1 : atMost;
}

const rowOf = ({ firstRow, digits }: NumericRows, position: number, digit: number): number =>
  firstRow + position * digits.base + digit;

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

const wrongKind = (asked: string, { kind }: ColumnRows): HarnessError =>
  new HarnessError("INTERNAL", `${asked} was asked of a ${kind} column: another dataset's filter?`);
