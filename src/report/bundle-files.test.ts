import { describe, expect, it } from "vitest";
import { alteredSample } from "../result/sample-result.fixture.ts";
import type { Result } from "../result/schema.ts";
import { bencherMetrics } from "./bencher.ts";
import { biggerIsBetterRows, smallerIsBetterRows } from "./benchmark-action.ts";
import { decidedSample } from "./decided-result.fixture.ts";
import { renderJunit } from "./junit.ts";
import { renderPrometheus } from "./prometheus.ts";
import { escapeMarkdown, renderSummary } from "./summary-markdown.ts";

const { result } = await decidedSample({ samplesPerPoint: 100 });

describe("summary.md", () => {
  it("stands between hidden tags, with answer, verdicts, table and doubts", () => {
    const text = renderSummary(result);
    expect(text).toMatch(/^<!-- silverbench:sample -->\n/);
    expect(text).toMatch(/\n<!-- \/silverbench:sample -->\n$/);
    expect(text).toContain("**At recall 0.95 or better, model answers 3.");
    expect(text).toContain("❌ regression | `p99(model) <= 10ms`");
    expect(text).toMatch(/\|\s+throughput, requests\/s \| [\d,]+ \| [\d,]+ \| [\d,]+ \|/);
    expect(text).toContain("- The prices are made up");
  });

  it("says on top that the run did not complete", async () => {
    const cut = await decidedSample({ samplesPerPoint: 50, complete: false });
    expect(renderSummary(cut.result)).toContain("**This run did not complete: the process index");
  });

  it("fits GitHub's limit however much there is to say, and keeps its end tag", () => {
    const gates = Array.from({ length: 2000 }, () => ({
      ...result.gates[0]!,
      reason: "x".repeat(60),
    }));
    const text = renderSummary({ ...result, gates });
    expect(text.length).toBeLessThan(65_536);
    expect(text).toMatch(/<!-- \/silverbench:sample -->\n$/);
  });

  it("lets no text become markup, a mention, a table cell or a tag", () => {
    expect(escapeMarkdown("a|b\n*c* <d> @e #1 [f](g)")).toBe(
      String.raw`a\|b \*c\* &lt;d> @<!-- -->e \#1 \[f\](g)`,
    );
    const evil = { ...result, scenario: { ...result.scenario, name: "x --> <script>" } };
    expect(renderSummary(evil)).not.toContain("<script>");
    expect(renderSummary(evil)).toMatch(/^<!-- silverbench:x_--___script_ -->\n/);
  });
});

describe("junit.xml", () => {
  it("has a case for the run, each gate and each point", () => {
    expect(cases(result)).toEqual({ total: 1 + 6 + 15, failures: 2, errors: 0 });
  });

  it("counts invalid points and a run cut short as errors, never as skipped", () => {
    const invalid = alteredSample("model", {
      verdict: "invalid",
      reasons: ['too "hot" & <loud>\u0001'],
    });
    expect(cases({ ...invalid, complete: false })).toEqual({ total: 16, failures: 0, errors: 6 });
    const text = renderJunit(invalid);
    expect(text).toContain("too &quot;hot&quot; &amp; &lt;loud&gt;�");
    expect(text).toContain('skipped="0"');
  });
});

describe("benchmark-action.json", () => {
  it("has numbers of which more is better", () => {
    const rows = biggerIsBetterRows(result);
    expect(rows.map(({ name, unit }) => `${name} ${unit}`)).toEqual([
      "throughput(mesh) requests/s",
      "recall(mesh) share",
      "throughput(mesh-in-process) requests/s",
      "recall(mesh-in-process) share",
      "throughput(model) requests/s",
      "recall(model) share",
      "throughput(mesh-in-process)/throughput(mesh) times",
      "throughput(model)/throughput(mesh) times",
      "throughput(model)/throughput(mesh-in-process) times",
    ]);
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
  });

  it("has a file of its own for numbers of which less is better", () => {
    const rows = smallerIsBetterRows(result).filter(({ name }) => name.includes("(model)"));
    expect(rows.map(({ name, unit }) => `${name} ${unit}`)).toEqual([
      "p50(model) ms",
      "p99(model) ms",
      "cpu(model) ms",
      "dollars(model) $ a million requests",
      "violations(model) ids",
      "short(model) answers",
      "errors(model) answers",
    ]);
    const invalid = smallerIsBetterRows(alteredSample("model", { verdict: "invalid" }));
    expect(invalid.map(({ name }) => name)).not.toContain("p50(model)");
    expect(invalid.map(({ name }) => name)).toContain("violations(model)");
  });
});

describe("bencher.json", () => {
  it("has values within their bounds", () => {
    const metrics = bencherMetrics(result);
    expect(Object.keys(metrics)).toContain("sample/model over mesh");
    expect(Object.keys(metrics["sample/model"]!)).toContain("latency-p99-ms");
    for (const { value, lower_value: low, upper_value: high } of Object.values(metrics).flatMap(
      Object.values,
    )) {
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
    }
  });

  it("leaves out what was not validly measured", () => {
    const invalid = alteredSample("model", { verdict: "invalid" });
    expect(Object.keys(bencherMetrics(invalid))).not.toContain("sample/model");
    expect(biggerIsBetterRows(invalid).map(({ name }) => name)).not.toContain("throughput(model)");
  });
});

describe("metrics.prom", () => {
  // The grammar of https://prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4.
  const SAMPLE =
    /^[a-zA-Z_:][a-zA-Z0-9_:]*\{([a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*\} (-?[\d.]+(e[+-]\d+)?|NaN)$/;
  const lines = renderPrometheus(result).trimEnd().split("\n");

  it("is of help, type and sample lines, each family in one piece", () => {
    const families: string[] = [];
    const odd = lines.filter((line) => {
      const [, kind, name] = /^# (HELP|TYPE) (\S+) /.exec(line) ?? [];
      if (kind === "HELP") families.push(name!);
      const family = families.at(-1);
      if (kind === "HELP") return false;
      if (kind === "TYPE") return line !== `# TYPE ${family} gauge`;
      return !SAMPLE.test(line) || line.split("{")[0] !== family;
    });
    expect(odd).toEqual([]);
    expect(new Set(families).size).toBe(families.length);
    expect(families).toContain("silverbench_latency_p99_seconds");
  });

  it("is in base units and escapes labels", () => {
    const p50 = lines.find((line) => line.startsWith("silverbench_latency_p50_seconds{"))!;
    expect(Number(p50.split(" ").at(-1))).toBeCloseTo(0.022, 2);
    const gates = [{ ...result.gates[0]!, expression: 'a"b\\c\nd' }];
    const text = renderPrometheus({ ...result, gates });
    expect(text).toContain(String.raw`expression="a\"b\\c\nd",verdict="pass"} 1`);
  });
});

function cases(of: Result): { total: number; failures: number; errors: number } {
  const text = renderJunit(of);
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  return {
    total: count(/<testcase /g),
    failures: count(/<failure /g),
    errors: count(/<error /g),
  };
}
