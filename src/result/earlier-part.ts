import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HarnessError } from "../errors.ts";
import { BUNDLE_FILES, readBundle } from "./bundle.ts";
import { differencesOf } from "./differences.ts";
import { readJournal } from "./journal.ts";
import type { ResultHeader } from "./result-draft.ts";
import type { Result } from "./schema.ts";

/**
 * What a run that was cut short left in a folder, to be gone on with; null where it had not come
 * to its first point, or there is nothing at all.
 * @throws HarnessError DATA if the bundle is damaged, or is not of this very run: then with all
 *   that differs.
 */
export async function earlierPart(folder: string, header: ResultHeader): Promise<Result | null> {
  const absolute = resolve(folder);
  const names: string[] = await readdir(absolute).catch(() => []);
  if (!names.includes(BUNDLE_FILES.result)) {
    await requireEmptyJournal(absolute, names);
    return null;
  }
  const { result } = await readBundle(absolute);
  const differences = differencesOf(result, header);
  if (differences.length === 0) return result.points.length === 0 ? null : result;
  throw new HarnessError(
    "DATA",
    `it is not the same run:\n${differences.map(indented).join("\n")}`,
    {
      where: absolute,
      hint: "make them equal again, or run without --resume, which begins anew and empties the folder",
    },
  );
}

const indented = (line: string): string => `  ${line}`;

async function requireEmptyJournal(folder: string, names: readonly string[]): Promise<void> {
  if (!names.includes(BUNDLE_FILES.journal)) return;
  const points = await readJournal(join(folder, BUNDLE_FILES.journal));
  if (points.length === 0) return;
  throw new HarnessError("DATA", `there are ${points.length} points of a run that nobody knows`, {
    where: folder,
    hint: `without ${BUNDLE_FILES.result} they cannot be matched; run without --resume to begin anew`,
  });
}
