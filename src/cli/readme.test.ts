import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { GATE_METRICS, parseGate } from "../gate/expression.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import { parseFormula } from "../retrieval/formula/parse.ts";
import { EXIT_CODES } from "./exit-code.ts";

const readme = readFileSync("README.md", "utf8");
const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
  dependencies: Record<string, string>;
};

test("every dependency is in the README's table, with its reason", () => {
  const table = readme.slice(readme.indexOf("## Dependencies"));
  const lines = table.split("\n").filter((line) => line.startsWith("| `"));
  const named = lines.flatMap((line) => {
    const [, names = "", , reason = ""] = line.split("|");
    return reason.trim().length > 10
      ? [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name)
      : [];
  });
  expect(new Set(named)).toEqual(new Set(Object.keys(dependencies)));
});

test("every exit code and gate metric is explained", () => {
  for (const code of Object.keys(EXIT_CODES))
    expect(readme).toMatch(new RegExp(`^\\| ${code} \\|`, "m"));
  for (const metric of Object.keys(GATE_METRICS)) expect(readme).toContain(`\`${metric}\``);
});

test("its examples of filters, formulas and gates are ones", () => {
  const filter = /^lang:en AND .*$/m.exec(readme)![0];
  expect(() => parseFilter(filter)).not.toThrow();
  const [, formula] = /^ {2}value: "(.*)"$/m.exec(readme)!;
  expect(() => parseFormula(formula!)).not.toThrow();
  const gates = JSON.parse(/^gate: (\[.*\])$/m.exec(readme)![1]!) as string[];
  for (const gate of gates) expect(() => parseGate(gate)).not.toThrow();
});

const pages = [
  "README.md",
  "reports/README.md",
  "reports/measured.md",
  "reports/published/README.md",
];

/** GitHub's anchor of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

test.for(pages)("what %s links to is there, file and heading", (page) => {
  const links = [...readFileSync(page, "utf8").matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
  for (const [link, path = "", heading] of links) {
    const file = path === "" ? page : join(dirname(page), path);
    expect(existsSync(file) ? "there" : `${link} is not there`).toBe("there");
    if (heading === undefined) continue;
    const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)];
    expect(headings.map(([, text]) => anchor(text!))).toContain(heading);
  }
});
