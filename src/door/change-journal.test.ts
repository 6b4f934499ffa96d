import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ChangeJournal, type JournalStep } from "./change-journal.ts";

const folder = mkdtempSync(join(tmpdir(), "silverbench-journal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Change {
  readonly row: number;
  readonly id: number;
  readonly item: ReturnType<typeof item> | null;
}

const subjectOf = ({ row }: Change): number => row;

const item = (mark: number) => ({
  embedding: Float32Array.of(mark, -mark),
  dense: new Float32Array(0),
  attributes: new Map<string, readonly string[] | number>([
    ["lang", ["en", "de"]],
    ["price", mark],
  ]),
});

const steps: JournalStep<Change>[] = [
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

async function write(path: string, wasteBytes = 2 ** 20): Promise<void> {
  await using journal = (await ChangeJournal.open(path, { subjectOf, wasteBytes })).journal;
  for (const step of steps) await journal.append(step);
}

/** What a process that opens it finds there. */
async function stepsOf(path: string): Promise<readonly JournalStep<Change>[]> {
  const { journal, steps: found } = await ChangeJournal.open(path, { subjectOf });
  await journal[Symbol.asyncDispose]();
  return found;
}

it("gives back what an earlier process wrote, in its order, and goes on from there", async () => {
  const path = join(folder, "whole");
  await write(path);
  {
    const { journal, steps: found } = await ChangeJournal.open(path, { subjectOf });
    expect(found).toEqual(steps);
    expect(journal.newest()).toEqual(steps.slice(1).flatMap(({ changes }) => changes));
    await journal.append({ version: 4, changes: [] });
    await journal[Symbol.asyncDispose]();
  }
  expect(await stepsOf(path)).toEqual([...steps, { version: 4, changes: [] }]);
});

it("leaves out a step that was half written when the process was killed", async () => {
  const path = join(folder, "torn");
  await write(path);
  const { size } = statSync(path);
  truncateSync(path, size - 1);
  const { journal, steps: found } = await ChangeJournal.open(path, { subjectOf });
  expect(found).toEqual(steps.slice(0, 2));
  await journal.append(steps[2]!);
  await journal[Symbol.asyncDispose]();
  expect(await stepsOf(path)).toEqual(steps);
  appendFileSync(path, "\x01");
  expect(await stepsOf(path)).toEqual(steps);
});

it("forgets what was overtaken, once it is much, and no version", async () => {
  const path = join(folder, "overtaken");
  await write(path, 0);
  const rows = (await stepsOf(path)).flatMap(({ changes }) => changes);
  expect(rows.map(({ row }) => row)).toEqual([8, 7, 9]);
  expect((await stepsOf(path)).at(-1)!.version).toBe(3);
});

it("has no file where nothing changes", async () => {
  const path = join(folder, "none");
  const { journal, steps: found } = await ChangeJournal.open(path, { subjectOf });
  await journal[Symbol.asyncDispose]();
  expect(found).toEqual([]);
  expect(() => statSync(path)).toThrow("ENOENT");
});
