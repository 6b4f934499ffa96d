import type { GateVerdict, Point, Result } from "../result/schema.ts";
import { escapeHtml } from "./html.ts";

/**
 * The result as JUnit XML: one case for the run, one a gate, one a point. Whatever does not pass
 * is a failure or an error, never skipped: a CI counts a skipped case as green.
 */
export function renderJunit(result: Result): string {
  const suites = [
    suite(result, "run", [runCase(result)]),
    suite(result, "gates", result.gates.map(gateCase)),
    suite(result, "points", result.points.map(pointCase)),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="silverbench">\n${suites.join("")}</testsuites>\n`;
}

interface Case {
  readonly name: string;
  readonly seconds: number;
  readonly problem: {
    readonly kind: "failure" | "error";
    readonly type: string;
    readonly message: string;
  } | null;
}

function runCase({ complete, incompleteReason, seconds }: Result): Case {
  const message = incompleteReason ?? "the run did not complete";
  return {
    name: "the run completed",
    seconds,
    problem: complete ? null : { kind: "error", type: "incomplete", message },
  };
}

function gateCase({ expression, verdict, reason }: GateVerdict): Case {
  const kind = verdict === "invalid" ? "error" : "failure";
  const problem = verdict === "pass" ? null : ({ kind, type: verdict, message: reason } as const);
  return { name: expression, seconds: 0, problem };
}

function pointCase({ key, seconds, verdict, reasons }: Point): Case {
  const message = reasons.length === 0 ? "the point is invalid" : reasons.join("; ");
  const problem =
    verdict === "valid" ? null : ({ kind: "error", type: "invalid", message } as const);
  return { name: key, seconds, problem };
}

function suite({ scenario, startedAt }: Result, name: string, cases: readonly Case[]): string {
  const count = (kind: string): number =>
    cases.filter(({ problem }) => problem?.kind === kind).length;
  const title = `${scenario.name}.${name}`;
  const body = cases.map((each) => testcase(each, title)).join("");
  const attributes = `name="${xml(title)}" timestamp="${xml(startedAt)}" tests="${cases.length}" failures="${count("failure")}" errors="${count("error")}" skipped="0"`;
  return `  <testsuite ${attributes}>\n${body}  </testsuite>\n`;
}

function testcase({ name, seconds, problem }: Case, classname: string): string {
  const head = `    <testcase classname="${xml(classname)}" name="${xml(name)}" time="${seconds.toFixed(3)}"`;
  if (problem === null) return `${head}/>\n`;
  const { kind, type, message } = problem;
  return `${head}>\n      <${kind} type="${type}" message="${xml(message)}"/>\n    </testcase>\n`;
}

/** XML 1.0 knows no control characters, not even escaped. */
function xml(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return escapeHtml(text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "�"));
}
