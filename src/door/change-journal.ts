import { type FileHandle, open, readFile, rename, rm, truncate } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";

/** The changes that make one version of the one before. */
export interface JournalStep<Change> {
  readonly version: number;
  readonly changes: readonly Change[];
}

export interface JournalOptions<Change> {
  /** What a change is of: a later one of the same overtakes it. */
  readonly subjectOf: (change: Change) => number | string;
  /** Bytes of what was overtaken, above which the file is written anew. */
  readonly wasteBytes?: number;
}

const WASTE_BYTES = 64 * 2 ** 20;

/** Each step is led by its length, uint32 little-endian. */
const HEAD_BYTES = 4;

/**
 * What a process was told of the items, in a file that outlives it: one that was killed and started
 * again finds it there. Written before anyone learns of a change, so that nobody is ever ahead of it;
 * not flushed to the disk, since it need not outlive the machine. One step is written at a time.
 */
export class ChangeJournal<Change> implements AsyncDisposable {
  readonly #path: string;
  readonly #subjectOf: (change: Change) => number | string;
  readonly #wasteBytes: number;
  /** Subject -> its newest change, the latest changed last. */
  readonly #newest = new Map<
    number | string,
    { readonly version: number; readonly change: Change }
  >();
  /** null: nothing has changed, and there is no file. */
  #file: FileHandle | null = null;
  #bytes = 0;
  /** Of the file when it held nothing that was overtaken. */
  #bareBytes = 0;

  private constructor(path: string, { subjectOf, wasteBytes }: JournalOptions<Change>) {
    this.#path = path;
    this.#subjectOf = subjectOf;
    this.#wasteBytes = wasteBytes ?? WASTE_BYTES;
  }

  /** @returns the journal, and what it holds of an earlier process: its steps in their order. */
  static async open<Change>(
    path: string,
    options: JournalOptions<Change>,
  ): Promise<{
    readonly journal: ChangeJournal<Change>;
    readonly steps: readonly JournalStep<Change>[];
  }> {
    const journal = new ChangeJournal(path, options);
    return { journal, steps: await journal.#recover() };
  }

  /** Removes what is at a path, once no process has it open. */
  static async remove(path: string): Promise<void> {
    await rm(path, { force: true });
    await rm(besideOf(path), { force: true });
  }

  /** The newest change of each subject, in their order. */
  newest(): Change[] {
    return [...this.#newest.values()].map(({ change }) => change);
  }

  /** To be called once the step before is written. */
  async append(step: JournalStep<Change>): Promise<void> {
    this.#file ??= await open(this.#path, "a");
    await this.#write(this.#file, step);
    this.#note(step);
    if (this.#bytes > 2 * this.#bareBytes + this.#wasteBytes) await this.#rewrite();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #write(file: FileHandle, step: JournalStep<Change>): Promise<void> {
    const body = serialize(step);
    const bytes = Buffer.alloc(HEAD_BYTES + body.length);
    bytes.writeUInt32LE(body.length);
    bytes.set(body, HEAD_BYTES);
    await file.appendFile(bytes);
    this.#bytes += bytes.length;
  }

  #note({ version, changes }: JournalStep<Change>): void {
    for (const change of changes) {
      const subject = this.#subjectOf(change);
      // Taken out first, so that the order stays that of the versions.
      this.#newest.delete(subject);
      this.#newest.set(subject, { version, change });
    }
  }

  /** Only the newest change of each subject, in steps as before; the last version is kept, too. */
  async #rewrite(): Promise<void> {
    const beside = besideOf(this.#path);
    const file = await open(beside, "w");
    this.#bytes = 0;
    let step: { version: number; changes: Change[] } | null = null;
    for (const { version, change } of this.#newest.values()) {
      if (step !== null && step.version !== version) {
        await this.#write(file, step);
        step = null;
      }
      step ??= { version, changes: [] };
      step.changes.push(change);
    }
    if (step !== null) await this.#write(file, step);
    await rename(beside, this.#path);
    await this.#file!.close();
    this.#file = file;
    this.#bareBytes = this.#bytes;
  }

  /** The process may have been killed while it wrote the last step, of which then nobody knows. */
  async #recover(): Promise<JournalStep<Change>[]> {
    const bytes = await readIfThere(this.#path);
    if (bytes === null) return [];
    const steps: JournalStep<Change>[] = [];
    let at = 0;
    while (at + HEAD_BYTES <= bytes.length) {
      const end = at + HEAD_BYTES + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      const step = deserialize(bytes.subarray(at + HEAD_BYTES, end)) as JournalStep<Change>;
      steps.push(step);
      this.#note(step);
      at = end;
    }
    if (at < bytes.length) await truncate(this.#path, at);
    this.#file = await open(this.#path, "a");
    this.#bytes = at;
    return steps;
  }
}

/** Where it is written anew, until that is done. */
const besideOf = (path: string): string => `${path}.new`;

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
