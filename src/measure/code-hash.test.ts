import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeHash } from "./code-hash.ts";

let root: string;
const put = (name: string): void => {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), "1");
};
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "code-"));
  for (const folder of ["baseline", "silvertorch"]) put(`${folder}/system.js`);
  for (const name of ["run.js", "run.test.js", "report/charts.js", "door/retrieval.proto"]) {
    put(`src/${name}`);
  }
});
afterAll(() => rmSync(root, { recursive: true }));

test.for([
  ["silvertorch/system.js", true],
  ["src/door/retrieval.proto", true],
  ["src/run.test.js", false],
  ["src/report/charts.js", false],
] as const)("a change of %s is another program: %s", async ([name, isAnother]) => {
  const before = await codeHash(root);
  appendFileSync(join(root, name), "2");
  expect((await codeHash(root)) !== before).toBe(isAnother);
});

test("the program that runs has a hash", async () => {
  expect(await codeHash()).toMatch(/^[0-9a-f]{12}$/);
});
