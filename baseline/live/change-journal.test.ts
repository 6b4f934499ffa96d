import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ChangeJournal, type JournalStep } from "./change-journal.ts";

const folder = mkdtempSync(join(tmpdir(), "silverbench-journal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const item = (mark: number) => ({
  embedding: Float32Array.of(mark, -mark),
  dense: new Float32Array(0),
  attributes: new Map<string, readonly string[] | number>([
    ["lang", ["en", "de"]],
    ["price", mark],
  ]),
});

const steps: JournalStep[] = [
  { version: 1, changes: [{ row: 7, id: 70, item: item(1) }] },
  {
    version: 2,
    changes: [
      { row: 8, id: 80, item: item(2) },
      { row: 7, id: 70, item: null },
    ],
  },
  { version: 3, changes: [{ row: 9, id: 90, item: item(3) }] },
];

function write(path: string, wasteBytes?: number): void {
  using journal = ChangeJournal.open(path, wasteBytes).journal;
  for (const step of steps) journal.append(step);
}

it("gives back what an earlier process wrote, in its order, and goes on from there", () => {
  const path = join(folder, "whole");
  write(path);
  {
    const { journal, steps: found } = ChangeJournal.open(path);
    expect(found).toEqual(steps);
    journal.append({ version: 4, changes: [] });
    journal[Symbol.dispose]();
  }
  expect(ChangeJournal.open(path).steps).toEqual([...steps, { version: 4, changes: [] }]);
});

it("leaves out a step that was half written when the process was killed", () => {
  const path = join(folder, "torn");
  write(path);
  const { size } = statSync(path);
  truncateSync(path, size - 1);
  const { journal, steps: found } = ChangeJournal.open(path);
  expect(found).toEqual(steps.slice(0, 2));
  journal.append(steps[2]!);
  journal[Symbol.dispose]();
  expect(ChangeJournal.open(path).steps).toEqual(steps);
  appendFileSync(path, "\x01");
  expect(ChangeJournal.open(path).steps).toEqual(steps);
});

it("forgets what was overtaken, once it is much, and no version", () => {
  const path = join(folder, "overtaken");
  write(path, 0);
  const rows = ChangeJournal.open(path).steps.flatMap(({ changes }) => changes);
  expect(rows.map(({ row }) => row)).toEqual([8, 7, 9]);
  expect(ChangeJournal.open(path).steps.at(-1)!.version).toBe(3);
});

it("has no file where nothing changes", () => {
  const path = join(folder, "none");
  const { journal, steps: found } = ChangeJournal.open(path);
  journal[Symbol.dispose]();
  expect(found).toEqual([]);
  expect(() => statSync(path)).toThrow("ENOENT");
});
