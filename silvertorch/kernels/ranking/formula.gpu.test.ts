import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { catalogueOf, categorical } from "../../../src/retrieval/catalogue-fixture.ts";
import type { NumericColumn } from "../../../src/retrieval/catalogue.ts";
import type { ComparisonOp } from "../../../src/retrieval/filter/grammar.ts";
import { hasAny } from "../../../src/retrieval/filter/evaluate.ts";
import {
  bindFormula,
  type BoundCondition,
  type BoundFormula,
} from "../../../src/retrieval/formula/bind.ts";
import {
  evaluateFormula,
  FLOAT32_MAX,
  rankingValue,
} from "../../../src/retrieval/formula/evaluate.ts";
import { FUNCTIONS } from "../../../src/retrieval/formula/functions.ts";
import { parseFormula } from "../../../src/retrieval/formula/parse.ts";
import { formulaReads } from "../../compile/formula-columns.ts";
import { bounded } from "../../dataset.fixture.ts";
import { KernelBench, openTestDevice } from "../../device/gpu.fixture.ts";
import { formulaFunction } from "./formula-function.ts";
import { FORMULA_ARITHMETIC } from "./formula-arithmetic.ts";
import { itemRecord } from "./item-record.ts";

const device = await openTestDevice();
const bench = new KernelBench(device!);
afterAll(() => device?.[Symbol.asyncDispose]());

const ages = Float32Array.of(3, NaN, -1, 0.1, 40, 0, -0, 1e-3);
const prices = Float32Array.of(NaN, 2, NaN, -7, 0.25, 3e38, 1, -3e38);
const catalogue = catalogueOf(
  [...ages].map(() => [1]),
  [
    categorical("lang", ["en", "de", "fr"], [[0], [1], [0, 1], [], [2], [0, 2], [1], []]),
    { kind: "numeric", name: "age", values: ages },
    { kind: "numeric", name: "price", values: prices },
  ],
);
const tasks = ["click", "watch"];
const scores = [2, -1, 0.5, 0, -0, 30, -2.5, 1];
const clicks = [0, 1, -1, 2, Infinity, -Infinity, NaN, 100];
const watches = [Infinity, 3, -120, 1, -0.5, 0.25, 88, -1];

const bound = (text: string): BoundFormula =>
  bindFormula(parseFormula(text), { tasks, columns: catalogue.columns });

/** What the device makes of formulas for each of the items. */
async function onDevice(formulas: readonly BoundFormula[]): Promise<number[][]> {
  const count = ages.length;
  const read = formulas.map((formula) => formulaReads(formula));
  // All of them read one record.
  const reads = {
    columns: new Set(read.flatMap(({ columns }) => [...columns])),
    matches: new Map(read.flatMap(({ matches }) => [...matches])),
  };
  const record = itemRecord([], reads);
  const { at, matches, numbers } = record.attributes;
  const words = new Uint32Array(Math.max(4, record.words * count));
  const floats = new Float32Array(words.buffer);
  for (let row = 0; row < count; row++) {
    const start = row * record.words + at;
    for (const [key, bit] of matches) {
      const holds = hasAny(reads.matches.get(key)!, catalogue, row);
      if (holds) words[start + (bit >> 5)]! |= 1 << (bit & 31);
    }
    for (const [column, word] of numbers) {
      floats[start + word] = (catalogue.columns[column] as NumericColumn).values[row]!;
    }
  }
  const options = { record: record.attributes, tasks: tasks.length };
  const functions = formulas.map((formula, nth) =>
    formulaFunction(formula, options).replace("fn formula(", `fn formula${nth}(`),
  );
  const args = `inputs[3u * row], row * ${record.words / 4}u, inputs[3u * row + 1u], inputs[3u * row + 2u]`;
  const code = /* wgsl */ `
@group(0) @binding(0) var<storage, read> records: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> inputs: array<f32>;
@group(0) @binding(2) var<storage, read_write> outcome: array<f32>;
fn record_quad(at: u32) -> vec4<u32> { return records[at]; }
${FORMULA_ARITHMETIC}
${functions.join("\n")}
@compute @workgroup_size(${count})
fn main(@builtin(local_invocation_index) row: u32) {
  _ = &records;
  ${functions.map((_, nth) => `outcome[${nth * count}u + row] = ranking_value(formula${nth}(${args}));`).join("\n")}
}
`;
  const inputs = scores.flatMap((score, row) => [score, clicks[row]!, watches[row]!]);
  const outcome = bench.zeros(count * formulas.length);
  await bench.run("formula", code, [bench.words(words), bench.floats(inputs), outcome], [1]);
  const found = await bench.floatsOf(outcome, count * formulas.length);
  return formulas.map((_, nth) => found.slice(nth * count, (nth + 1) * count));
}

/** A number as float32 has it: somewhere within `slack` of it. null: float32 cannot tell. */
type Rough = { readonly value: number; readonly slack: number } | null;

const EPSILON = 2 ** -23;
const LEAST_NORMAL = 1.2e-38;

/** What float32 arithmetic may make of a formula, for one item. */
class RoughEvaluation {
  readonly #row: number;

  constructor(row: number) {
    this.#row = row;
  }

  of(formula: BoundFormula): Rough {
    const row = this.#row;
    switch (formula.kind) {
      case "number":
        return exactly(formula.value);
      case "score":
        return exactly(scores[row]!);
      case "task":
        return exactly([clicks, watches][formula.task]![row]!);
      case "column": {
        const value = (catalogue.columns[formula.column] as NumericColumn).values[row]!;
        if (!Number.isNaN(value) || formula.otherwise === null) return exactly(value);
        return this.of(formula.otherwise);
      }
      case "negative":
        return apply(([x]) => -x!, [this.of(formula.part)], 0);
      case "binary": {
        const sides = [this.of(formula.left), this.of(formula.right)];
        return apply(OPERATIONS[formula.op], sides, formula.op === "^" ? 256 : 4);
      }
      case "call": {
        const { apply: call } = FUNCTIONS[formula.name];
        return apply(
          call,
          formula.args.map((arg) => this.of(arg)),
          256,
        );
      }
      case "if": {
        const holds = this.holds(formula.condition);
        if (holds === null) return null;
        return this.of(holds ? formula.yes : formula.no);
      }
    }
  }

  holds(condition: BoundCondition): boolean | null {
    switch (condition.kind) {
      case "and":
      case "or": {
        const parts = condition.parts.map((part) => this.holds(part));
        const decisive = condition.kind === "or";
        if (parts.includes(decisive)) return decisive;
        return parts.includes(null) ? null : !decisive;
      }
      case "not": {
        const part = this.holds(condition.part);
        return part === null ? null : !part;
      }
      case "in":
        return hasAny(condition, catalogue, this.#row);
      case "compare": {
        const [a, b] = [this.of(condition.left), this.of(condition.right)];
        if (a === null || b === null) return null;
        if (Number.isNaN(a.value) || Number.isNaN(b.value)) return false;
        const isClose = Math.abs(a.value - b.value) <= a.slack + b.slack;
        if (isClose && (a.slack > 0 || b.slack > 0)) return null;
        return COMPARISONS[condition.op](a.value, b.value);
      }
    }
  }
}

const OPERATIONS = {
  "+": ([a, b]: readonly number[]) => a! + b!,
  "-": ([a, b]: readonly number[]) => a! - b!,
  "*": ([a, b]: readonly number[]) => a! * b!,
  "/": ([a, b]: readonly number[]) => a! / b!,
  "^": ([a, b]: readonly number[]) => a! ** b!,
};

const COMPARISONS: Record<ComparisonOp, (a: number, b: number) => boolean> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

const exactly = (value: number): Rough => {
  const isTiny = value !== 0 && Math.abs(value) < LEAST_NORMAL;
  return isTiny ? null : { value, slack: 0 };
};

/** A function of rough numbers: what it makes of their corners, and `units` of rounding beside. */
function apply(
  call: (args: readonly number[]) => number,
  args: readonly Rough[],
  units: number,
): Rough {
  if (args.some((arg) => arg === null)) return null;
  const all = args as readonly NonNullable<Rough>[];
  const value = call(all.map((arg) => arg.value));
  const corners = cornersOf(all).map(call);
  // Beside a place where it jumps, or turns into no number.
  if (corners.some((corner) => Number.isNaN(corner) !== Number.isNaN(value))) return null;
  if (corners.some((corner) => Number.isFinite(corner) !== Number.isFinite(value))) return null;
  const largest = Math.max(...[value, ...corners].map(Math.abs));
  if (Number.isFinite(largest) && largest > 0.9 * FLOAT32_MAX) return null;
  if (value !== 0 && Math.abs(value) < LEAST_NORMAL) return null;
  if (!Number.isFinite(value)) return { value, slack: 0 };
  const spread = Math.max(...corners.map((corner) => Math.abs(corner - value)));
  // Between corners it may bulge a little: twice the spread.
  const isExact = spread === 0 && Math.fround(value) === value && units <= 4;
  return { value, slack: isExact ? 0 : 2 * spread + units * EPSILON * Math.max(largest, 1e-3) };
}

function cornersOf(all: readonly NonNullable<Rough>[]): number[][] {
  return all.reduce<number[][]>(
    (corners, { value, slack }) => {
      const ends = slack === 0 ? [value] : [value - slack, value + slack];
      return corners.flatMap((corner) => ends.map((end) => [...corner, end]));
    },
    [[]],
  );
}

describe.skipIf(device === null)("a formula on the device says what it says of one item", () => {
  test.for([
    "score",
    "7",
    "0.7 * click + 0.3 * watch - 0.01 * default(age, 30)",
    "if(lang:en AND age <= 3, 1.2, 1) * score",
    "if(lang IN (en, de) OR NOT age > 0, click, -score)",
    "if(lang:nowhere, 1, 2)",
    "if(age = 0.1, 1, 0) + if(age != 0.1, 10, 0) + if(age >= 0.1, 100, 0) + if(NOT age < 3, 1000, 0)",
    "if(1 < 2, score, 0)",
    "min(score, click, watch) + max(click, default(age, 9)) + abs(score)",
    "clamp(watch, -3, 3) + clamp(click, 1, 0)",
    "sigmoid(click) + sigmoid(watch) + exp(score) + log(score) + sqrt(default(age, 4))",
    "sqrt(click) + log(click)",
    "log(exp(watch * 10))",
    "score / default(age, 0) - click / 0",
    "click ^ 2 + score ^ -1 + 2 ^ click",
    "score ^ 3 + score ^ -3 + score ^ 0.5",
    "(-1) ^ watch + 1 ^ (0 / 0) + (0 / 0) ^ 0",
    "click ^ watch",
    "click ^ -3 + click ^ 9",
    "max(0 / 0, score)",
    "min(score, 0 / 0)",
    "default(price, default(age, score)) * if(price > 0, 1, 2)",
    "-(click - click)",
    "1 - click * 0",
    "score / default(price, 1) * 1e30",
    "(-1.5) ^ (-7.25 / default(price, -1))",
    "watch * 0 - 1 + (watch - watch)",
  ])("%s", async (text) => {
    const formula = bound(text);
    const [found] = await onDevice([formula]);
    for (const [row, value] of found!.entries()) {
      const logits = [clicks[row]!, watches[row]!];
      const wanted = rankingValue(
        evaluateFormula(formula, { catalogue, row, score: scores[row]!, logits }),
      );
      const scale = Math.max(1, Math.abs(wanted));
      expect(value / scale, `item ${row}`).toBeCloseTo(wanted / scale, 5);
    }
  });

  const leaf = fc.oneof(
    fc.constantFrom(
      "score",
      "click",
      "watch",
      "default(age, 2)",
      "default(price, -1)",
      "0",
      "1",
      "2",
    ),
    fc.integer({ min: -40, max: 40 }).map((n) => (n < 0 ? `(${n / 4})` : `${n / 4}`)),
  );
  const { number: anyFormula } = fc.letrec<{ number: string; condition: string }>((tie) => ({
    number: fc.oneof(
      { maxDepth: 4, depthSize: "medium" },
      leaf,
      fc
        .tuple(tie("number"), fc.constantFrom("+", "-", "*", "/", "^"), tie("number"))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc
        .tuple(fc.constantFrom("abs", "exp", "log", "sqrt", "sigmoid"), tie("number"))
        .map(([name, x]) => `${name}(${x})`),
      fc
        .tuple(fc.constantFrom("min", "max"), tie("number"), tie("number"))
        .map(([name, a, b]) => `${name}(${a}, ${b})`),
      fc
        .tuple(tie("number"), tie("number"), tie("number"))
        .map(([x, low, high]) => `clamp(${x}, ${low}, ${high})`),
      fc
        .tuple(tie("condition"), tie("number"), tie("number"))
        .map(([condition, yes, no]) => `if(${condition}, ${yes}, ${no})`),
      tie("number").map((x) => `(-${x})`),
    ),
    condition: fc.oneof(
      { maxDepth: 3, depthSize: "medium" },
      fc.constantFrom("lang:en", "lang IN (de, fr)", "age > 0", "price != 2", "age <= price"),
      fc
        .tuple(tie("number"), fc.constantFrom("<", "<=", ">", ">=", "=", "!="), tie("number"))
        .map(([a, op, b]) => `${a} ${op} ${b}`),
      fc
        .tuple(tie("condition"), fc.constantFrom("AND", "OR"), tie("condition"))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie("condition").map((inner) => `NOT ${inner}`),
    ),
  }));

  test("any formula, as near as float32 comes to it", async () => {
    let told = 0;
    const some = fc.array(anyFormula, { minLength: 6, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(some, async (texts) => {
        const formulas = texts.map(bound);
        const found = await onDevice(formulas);
        for (const [nth, formula] of formulas.entries()) {
          for (const [row, value] of found[nth]!.entries()) {
            const rough = new RoughEvaluation(row).of(formula);
            if (rough === null) continue;
            told++;
            const wanted = rankingValue(rough.value);
            const slack = rough.slack + 2 * EPSILON * Math.abs(wanted) + LEAST_NORMAL;
            const what = `${texts[nth]}, item ${row}: ${value} for ${wanted}`;
            expect(Math.abs(value - wanted), what).toBeLessThanOrEqual(slack);
          }
        }
      }),
      bounded(5),
    );
    // Most of it float32 can tell.
    expect(told).toBeGreaterThan((5 * 6 * ages.length) / 4);
  });
});
