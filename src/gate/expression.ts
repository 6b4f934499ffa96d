import { HarnessError } from "../errors.ts";

/** The metrics a gate may name, and what each number is. */
export const GATE_METRICS = {
  throughput: "answers a second",
  goodput: "answers a second in time, complete and without error",
  p50: "median latency, ms",
  p90: "90th percentile of latency, ms",
  p99: "99th percentile of latency, ms",
  recall: "share of the oracle's answer that came back, 0..1",
  violations: "ineligible or excluded ids returned, in the worst round",
  short: "answers with fewer ids than the oracle's, in the worst round",
  cpu: "CPU milliseconds a request",
  dollars: "dollars a million requests, in whole machines",
} as const;

export type GateMetric = keyof typeof GATE_METRICS;
export type GateOperator = ">=" | "<=" | ">" | "<" | "==";

/** `metric(system, load@rate)`: one number of one system at one load. */
export interface GateTerm {
  readonly metric: GateMetric;
  /** A system's name, or `*`: every system under test, each judged alone. */
  readonly system: string;
  /** null: the headline load. */
  readonly load: string | null;
  /** Offered requests a second, where the load is given at several rates; else null. */
  readonly ratePerSecond: number | null;
}

/** A promise about a result, as a scenario's `gate:` or the command line states it. */
export interface GateExpression {
  readonly text: string;
  readonly left: GateTerm;
  /** The denominator where the promise is about a ratio. */
  readonly over: GateTerm | null;
  readonly operator: GateOperator;
  /** A number in the metric's unit; where `ofReference`, a share of the reference's value. */
  readonly limit: number;
  readonly ofReference: boolean;
  /** Of the interval that it is judged by, 0..1. */
  readonly confidence: number;
}

/** Counts of faults: judged by their worst round, discarded rounds too. */
export const COUNTS: readonly GateMetric[] = ["violations", "short"];
const HINT = `write for example "throughput(model)/throughput(mesh) >= 2", "recall(*) >= 0.95" or "throughput(model) >= 0.95 * reference"`;
const IN_MILLISECONDS: readonly GateMetric[] = ["p50", "p90", "p99", "cpu"];

/**
 * Reads `metric(system[, load[@rate]]) [/ metric(system[, load[@rate]])] OP LIMIT`, where a limit is
 * a number, or a share of what the reference has: `throughput(model)/throughput(mesh) >= 2`,
 * `p99(model, ramp@500) <= 50ms`, `throughput(model) >= 0.95 * reference`. `(ci 95%)` may follow,
 * which is what is meant without it, or `(ci 90%)`: of what lies on the limit one in twenty then
 * passes by chance, and one in twenty is a regression.
 * @throws HarnessError BAD_INPUT that names the position and what was expected there.
 */
export function parseGate(text: string): GateExpression {
  const scanner = new Scanner(text);
  const left = term(scanner);
  const slash = scanner.position;
  const over = scanner.accept("/") ? term(scanner) : null;
  if (over !== null) checkRatio(scanner, slash, left, over);
  const operatorAt = scanner.position;
  const operator = scanner.operator();
  if (operator === "==" && over !== null) {
    scanner.fail(
      operatorAt,
      `one of ">=", "<=", ">", "<" (a measured ratio is never exactly equal)`,
    );
  }
  const { limit, ofReference } = readLimit(scanner, over === null ? left.metric : null);
  const confidence = scanner.accept("(ci") ? readConfidence(scanner) : 0.95;
  scanner.end();
  return { text: text.trim(), left, over, operator, limit, ofReference, confidence };
}

/**
 * Reads several expressions.
 * @throws HarnessError BAD_INPUT with every mistake in any of them.
 */
export function parseGates(texts: readonly string[]): GateExpression[] {
  const mistakes: string[] = [];
  const parsed = texts.flatMap((text) => {
    try {
      return [parseGate(text)];
    } catch (error) {
      if (!(error instanceof HarnessError) || error.code !== "BAD_INPUT") throw error;
      mistakes.push(error.message);
      return [];
    }
  });
  if (mistakes.length > 0) throw new HarnessError("BAD_INPUT", mistakes.join("\n"), { hint: HINT });
  return parsed;
}

function readConfidence(scanner: Scanner): number {
  const at = scanner.position;
  const confidence = [0.95, 0.9].find((share) => scanner.accept(`${Math.round(100 * share)}%`));
  if (confidence === undefined) return scanner.fail(at, `"95%" or "90%"`);
  scanner.expect(")");
  return confidence;
}

/** @param metric what the limit is of; null: a ratio, which has no unit. */
function readLimit(
  scanner: Scanner,
  metric: GateMetric | null,
): Pick<GateExpression, "limit" | "ofReference"> {
  if (scanner.accept("reference")) return { limit: 1, ofReference: true };
  const at = scanner.position;
  const limit = scanner.number();
  if (scanner.accept("*")) {
    scanner.expect("reference");
    if (limit > 0) return { limit, ofReference: true };
    scanner.fail(at, "a share of the reference above 0");
  }
  if (scanner.accept("ms") && (metric === null || !IN_MILLISECONDS.includes(metric))) {
    const what = metric ?? "a ratio";
    scanner.fail(scanner.position - 2, `no unit: ${what} is not in milliseconds`);
  }
  return { limit, ofReference: false };
}

function term(scanner: Scanner): GateTerm {
  const metric = scanner.metric();
  scanner.expect("(");
  const system = scanner.accept("*") ? "*" : scanner.name(`a system's name or "*"`);
  let load: string | null = null;
  let ratePerSecond: number | null = null;
  if (scanner.accept(",")) {
    load = scanner.name("a load's name");
    if (scanner.accept("@")) ratePerSecond = scanner.number();
  }
  scanner.expect(")");
  return { metric, system, load, ratePerSecond };
}

function checkRatio(scanner: Scanner, slash: number, left: GateTerm, over: GateTerm): void {
  if (left.metric !== over.metric) {
    scanner.fail(slash, `the same metric on both sides of "/", ${left.metric} over ${left.metric}`);
  }
  if (COUNTS.includes(left.metric)) {
    scanner.fail(
      slash,
      `a comparison operator: ${left.metric} is a count that may be 0, so it has no ratio`,
    );
  }
  if (left.system === "*" || over.system === "*") {
    scanner.fail(slash, `a comparison operator: "*" cannot stand in a ratio, name the systems`);
  }
}

/** Walks the text; every failure names the position (from 1) and shows what is there. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Of the next token, from 0. */
  get position(): number {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#at;
  }

  accept(token: string): boolean {
    const found = this.#text.startsWith(token, this.position);
    if (found) this.#at += token.length;
    return found;
  }

  expect(token: string): void {
    if (!this.accept(token)) this.fail(this.position, `"${token}"`);
  }

  metric(): GateMetric {
    const at = this.position;
    const word = this.#match(/[a-z][a-z0-9_]*/iy) ?? "";
    if (Object.hasOwn(GATE_METRICS, word)) return word as GateMetric;
    return this.fail(at, `a metric (${Object.keys(GATE_METRICS).join(", ")})`);
  }

  name(what: string): string {
    return this.#match(/[a-z0-9][a-z0-9_-]*/iy) ?? this.fail(this.position, what);
  }

  operator(): GateOperator {
    const found =
      this.#match(/>=|<=|==|>|</y) ?? this.fail(this.position, `one of ">=", "<=", ">", "<", "=="`);
    return found as GateOperator;
  }

  number(): number {
    return Number(
      this.#match(/-?\d+(\.\d+)?(e[+-]?\d+)?/iy) ?? this.fail(this.position, "a number"),
    );
  }

  end(): void {
    if (this.position < this.#text.length) this.fail(this.position, "nothing more");
  }

  fail(at: number, expected: string): never {
    const rest = this.#text.slice(at).trim();
    const found =
      rest === "" ? "the end" : `"${rest.length > 24 ? `${rest.slice(0, 24)}…` : rest}"`;
    throw new HarnessError(
      "BAD_INPUT",
      `gate "${this.#text}", position ${at + 1}: expected ${expected}, found ${found}`,
      { hint: HINT },
    );
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}
