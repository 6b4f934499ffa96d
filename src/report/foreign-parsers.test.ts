import { createRequire } from "node:module";
import { parse as parseJunit } from "junit2json";
import { marked } from "marked";
import type { Token, Tokens } from "marked";
import { describe, expect, it } from "vitest";
import { alteredSample } from "../result/sample-result.fixture.ts";
import { bencherMetrics } from "./bencher.ts";
import { biggerIsBetterRows, smallerIsBetterRows } from "./benchmark-action.ts";
import { decidedSample } from "./decided-result.fixture.ts";
import { renderJunit } from "./junit.ts";
import { renderPrometheus } from "./prometheus.ts";
import { renderSummary } from "./summary-markdown.ts";

const { result } = await decidedSample({ samplesPerPoint: 100 });
const hostile = { ...result, scenario: { ...result.scenario, name: 'a "b" <c> & d' } };

describe("what others read of ours, read by parsers that are not ours", () => {
  it("junit.xml: every case, failure and error arrives", async () => {
    const suites = (await parseJunit(renderJunit(result)))!;
    const all = "testsuite" in suites ? (suites.testsuite ?? []) : [];
    const cases = all.flatMap(({ testcase = [] }) => testcase);
    expect(all.map(({ tests }) => tests).reduce((sum, n) => sum! + n!, 0)).toBe(cases.length);
    expect(cases).toHaveLength(1 + result.gates.length + result.points.length);
    const failed = cases.filter(({ failure }) => failure !== undefined);
    const red = result.gates.filter(({ verdict }) => verdict !== "pass");
    expect(failed).toHaveLength(red.length);
    const invalid = alteredSample("model", { verdict: "invalid", reasons: ["too <hot> & loud"] });
    const read = JSON.stringify(await parseJunit(renderJunit(invalid)));
    expect(read).toContain("too <hot> & loud");
  });

  it("metrics.prom: every family, label and value arrives", () => {
    const families = readPrometheus(renderPrometheus(hostile));
    expect(families.every(({ type, help }) => type === "GAUGE" && help !== "")).toBe(true);
    const p99 = families.find(({ name }) => name === "silverbench_latency_p99_seconds")!;
    expect(p99.metrics.map(({ labels }) => labels?.["system"])).toEqual([
      "mesh",
      "mesh-in-process",
      "model",
    ]);
    expect(p99.metrics[0]!.labels!["scenario"]).toBe(hostile.scenario.name);
    expect(p99.metrics.every(({ value }) => Number(value) > 0)).toBe(true);
  });

  it("summary.md: tables with as many cells as heads, and no markup of a hostile name", () => {
    for (const each of [result, hostile]) {
      const tables = marked.lexer(renderSummary(each)).filter(isTable);
      expect(tables.length).toBeGreaterThanOrEqual(2);
      for (const { header, rows } of tables) {
        for (const row of rows) expect(row).toHaveLength(header.length);
      }
    }
    expect(marked.parse(renderSummary(hostile))).not.toContain("<c>");
  });

  // Neither is to be had as a library; these are the forms that their pages state.
  it("benchmark-action: an array of name, unit and a finite value, each name once", () => {
    for (const rows of [biggerIsBetterRows(result), smallerIsBetterRows(result)]) {
      const read = JSON.parse(JSON.stringify(rows)) as Record<string, unknown>[];
      expect(new Set(read.map(({ name }) => name)).size).toBe(read.length);
      for (const row of read) {
        expect([typeof row["name"], typeof row["unit"]]).toEqual(["string", "string"]);
        expect(Number.isFinite(row["value"])).toBe(true);
        const optional = [row["range"] ?? "", row["extra"] ?? ""];
        expect(optional.map((each) => typeof each)).toEqual(["string", "string"]);
        const known = ["name", "unit", "value", "range", "extra"];
        expect(Object.keys(row).filter((key) => !known.includes(key))).toEqual([]);
      }
    }
  });

  it("bencher: by benchmark and measure a value, with bounds or without", () => {
    const read = JSON.parse(JSON.stringify(bencherMetrics(result))) as Record<
      string,
      Record<string, Record<string, unknown>>
    >;
    for (const measures of Object.values(read)) {
      for (const [measure, metric] of Object.entries(measures)) {
        expect(measure).toMatch(/^[a-z0-9-]+$/);
        expect(Number.isFinite(metric["value"])).toBe(true);
        const known = ["value", "lower_value", "upper_value"];
        expect(Object.keys(metric).filter((key) => !known.includes(key))).toEqual([]);
      }
    }
  });
});

const isTable = (token: Token): token is Tokens.Table => token.type === "table";

interface PrometheusFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly metrics: readonly { readonly value: string; readonly labels?: Record<string, string> }[];
}

/** The package brings no types of its own. */
function readPrometheus(text: string): PrometheusFamily[] {
  const require = createRequire(import.meta.url);
  const parse = require("parse-prometheus-text-format") as (text: string) => PrometheusFamily[];
  return parse(text);
}
