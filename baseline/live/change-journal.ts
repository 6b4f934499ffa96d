import { type FileHandle, open, readFile, rename, truncate } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import type { ItemChange } from "./changes.ts";

/** A change, and the id of the item that has the row. */
export interface OwnedChange extends ItemChange {
  readonly id: number;
}

/** The changes that make one version of the one before. */
export interface JournalStep {
  readonly version: number;
  readonly changes: readonly OwnedChange[];
}

/** Bytes of what was overtaken by later changes, above which the file is written anew. */
const WASTE_BYTES = 64 * 2 ** 20;

/** Each step is led by its length, uint32 little-endian. */
const HEAD_BYTES = 4;

/**
 * What a gateway was told of the items, in a file that outlives its process: one that was killed and
 * started again knows which rows the services have. Written before any service learns of a change,
 * so that none is ever ahead of it; not flushed to the disk, since it need not outlive the machine. One
 * step is written at a time.
 */
export class ChangeJournal implements AsyncDisposable {
  readonly #path: string;
  readonly #wasteBytes: number;
  /** Row -> its newest change, the latest changed last. */
  readonly #newest = new Map<number, { readonly version: number; readonly change: OwnedChange }>();
  /** null: nothing has changed, and there is no file. */
  #file: FileHandle | null = null;
  #bytes = 0;
  /** Of the file when it held nothing that was overtaken. */
  #bareBytes = 0;

  private constructor(path: string, wasteBytes: number) {
    this.#path = path;
    this.#wasteBytes = wasteBytes;
  }

  /** @returns the journal, and what it holds of an earlier process: its steps in their order. */
  static async open(
    path: string,
    wasteBytes = WASTE_BYTES,
  ): Promise<{ readonly journal: ChangeJournal; readonly steps: readonly JournalStep[] }> {
    const journal = new ChangeJournal(path, wasteBytes);
    return { journal, steps: await journal.#recover() };
  }

  /** To be called once the step before is written. */
  async append(step: JournalStep): Promise<void> {
    this.#file ??= await open(this.#path, "a");
    await this.#write(this.#file, step);
    this.#note(step);
    if (this.#bytes > 2 * this.#bareBytes + this.#wasteBytes) await this.#rewrite();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #write(file: FileHandle, step: JournalStep): Promise<void> {
    const body = serialize(step);
    const bytes = Buffer.alloc(HEAD_BYTES + body.length);
    bytes.writeUInt32LE(body.length);
    bytes.set(body, HEAD_BYTES);
    await file.appendFile(bytes);
    this.#bytes += bytes.length;
  }

  #note({ version, changes }: JournalStep): void {
    for (const change of changes) {
      // Taken out first, so that the order stays that of the versions.
      this.#newest.delete(change.row);
      this.#newest.set(change.row, { version, change });
    }
  }

  /** Only the newest change of each row, in steps as before; the last version is kept, too. */
  async #rewrite(): Promise<void> {
    const beside = `${this.#path}.new`;
    const file = await open(beside, "w");
    this.#bytes = 0;
    let step: { version: number; changes: OwnedChange[] } | null = null;
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

  /** The process may have been killed while it wrote the last step, which then no service has. */
  async #recover(): Promise<JournalStep[]> {
    const bytes = await readIfThere(this.#path);
    if (bytes === null) return [];
    const steps: JournalStep[] = [];
    let at = 0;
    while (at + HEAD_BYTES <= bytes.length) {
      const end = at + HEAD_BYTES + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      const step = deserialize(bytes.subarray(at + HEAD_BYTES, end)) as JournalStep;
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

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
