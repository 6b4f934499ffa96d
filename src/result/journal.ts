import { open, readFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { HarnessError } from "../errors.ts";
import { writeError } from "./atomic-file.ts";
import { pointSchema } from "./point-schema.ts";
import type { Point } from "./schema.ts";
import { schemaIssues } from "./schema-issues.ts";

/**
 * The run's diary: one line of JSON a finished point, on the disk before the next point starts, so
 * that whatever ends a run, what was measured is kept.
 */
export class Journal implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Starts an empty journal. @throws HarnessError DATA if the file cannot be made. */
  static async create(path: string): Promise<Journal> {
    try {
      return new Journal(path, await open(path, "w"));
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /**
   * Goes on with the journal of a run that was cut short; a line that a crash tore is cut off.
   * @throws HarnessError DATA if the file cannot be read or written.
   */
  static async resume(path: string): Promise<Journal> {
    try {
      const file = await open(path, "a+");
      const text = await file.readFile();
      await file.truncate(text.lastIndexOf("\n") + 1);
      return new Journal(path, file);
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Resolves once the line is on the disk. */
  async append(point: Point): Promise<void> {
    try {
      await this.#file.writeFile(`${JSON.stringify(point)}\n`);
      await this.#file.sync();
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/**
 * The points of a journal, in the order they were measured. A last line without its line end is
 * what a crash leaves behind: it is dropped. Any other damage is an error.
 * @throws HarnessError DATA naming the line.
 */
export async function readJournal(path: string): Promise<Point[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HarnessError("DATA", `the journal ${path} cannot be read`, { cause });
  });
  // What follows the last line end is empty, or torn.
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line, index) => {
    const parsed = pointSchema.safeParse(jsonOrUndefined(line));
    if (parsed.success) return parsed.data;
    throw new HarnessError("DATA", `the journal is damaged: ${schemaIssues(parsed.error)}`, {
      where: `${path}:${index + 1}`,
      hint: "the run has to be repeated; nothing of a damaged journal is used",
    });
  });
}

function jsonOrUndefined(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
