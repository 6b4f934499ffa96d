import { access } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError } from "../errors.ts";
import { readFlat } from "./flat-file.ts";
import type { FileSource } from "./layout.ts";
import type { FileEntry, FileType } from "./manifest.ts";

const BYTES_EACH = {
  float32: 4,
  float64: 8,
  uint32: 4,
  uint64: 8,
  json: 1,
} as const satisfies Record<FileType, number>;

type Shape = readonly [number | null, ...number[]];

/** The files of a sealed folder, each held to its entry in the manifest. */
export class SealedFiles implements FileSource {
  readonly #folder: string;
  readonly #entries: Readonly<Record<string, FileEntry>>;
  readonly #verify: boolean;
  readonly #hint: string;
  readonly #onRead: ((bytes: number) => void) | undefined;

  /**
   * @param verify hash every file; lengths are always checked.
   * @param hint what to do about a file that is not as it was sealed.
   * @param onRead told how many bytes more are there.
   */
  constructor(
    folder: string,
    entries: Readonly<Record<string, FileEntry>>,
    {
      verify,
      hint,
      onRead,
    }: {
      readonly verify: boolean;
      readonly hint: string;
      readonly onRead?: (bytes: number) => void;
    },
  ) {
    this.#folder = folder;
    this.#entries = entries;
    this.#verify = verify;
    this.#hint = hint;
    this.#onRead = onRead;
  }

  async array(name: string, dtype: FileType, shape: Shape): Promise<SharedArrayBuffer> {
    const entry = this.#entry(name);
    const expected = shape.map((length, axis) => length ?? entry.shape[axis]!);
    const bytes = bytesOf(dtype, expected);
    if (entry.dtype !== dtype || entry.shape.join() !== expected.join() || entry.bytes !== bytes) {
      throw new HarnessError(
        "DATA",
        `expected ${name} to be ${dtype} [${expected.join(", ")}], ${bytes} bytes; the manifest says ` +
          `${entry.dtype} [${entry.shape.join(", ")}], ${entry.bytes} bytes`,
        { where: join(this.#folder, "manifest.json"), hint: this.#hint },
      );
    }
    return await this.#read(name, entry);
  }

  async json(name: string): Promise<unknown> {
    return parseJson(await this.#read(name, this.#entry(name)), join(this.#folder, name));
  }

  has(name: string): Promise<boolean> {
    return Promise.resolve(this.#entries[name] !== undefined);
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  async #read(name: string, entry: FileEntry): Promise<SharedArrayBuffer> {
    const path = join(this.#folder, name);
    try {
      const { buffer, sha256 } = await readFlat(path, {
        expectedBytes: entry.bytes,
        hash: this.#verify,
        onRead: this.#onRead,
      });
      if (sha256 === null || sha256 === entry.sha256) return buffer;
      throw new HarnessError(
        "DATA",
        `the file has changed since it was sealed: expected SHA-256 ${entry.sha256}, got ${sha256}`,
        { where: path },
      );
    } catch (thrown) {
      const error = HarnessError.from(thrown);
      throw new HarnessError(error.code, error.message, {
        where: error.where ?? path,
        hint: error.hint ?? this.#hint,
        cause: error.cause,
      });
    }
  }

  #entry(name: string): FileEntry {
    const entry = this.#entries[name];
    if (entry !== undefined) return entry;
    throw new HarnessError("DATA", `the manifest has no entry for ${name}`, {
      where: join(this.#folder, "manifest.json"),
      hint: this.#hint,
    });
  }
}

/** The files of a folder that was not sealed yet: whatever is there is read, hashed and noted. */
export class DraftFiles implements FileSource {
  readonly entries: Record<string, FileEntry> = {};
  readonly #folder: string;
  readonly #onFile: (name: string) => void;

  constructor(folder: string, onFile: (name: string) => void) {
    this.#folder = folder;
    this.#onFile = onFile;
  }

  async array(name: string, dtype: FileType, shape: Shape): Promise<SharedArrayBuffer> {
    this.#onFile(name);
    const [length, ...rest] = shape;
    const expectedBytes = length === null ? null : bytesOf(dtype, [length, ...rest]);
    const path = join(this.#folder, name);
    const { buffer, sha256 } = await readFlat(path, { expectedBytes, hash: true });
    const rowBytes = bytesOf(dtype, rest);
    if (buffer.byteLength % rowBytes !== 0) {
      throw new HarnessError(
        "DATA",
        `expected a multiple of ${rowBytes} bytes (${dtype}), got ${buffer.byteLength}`,
        { where: path },
      );
    }
    this.#note(
      name,
      dtype,
      [length ?? buffer.byteLength / rowBytes, ...rest],
      buffer.byteLength,
      sha256!,
    );
    return buffer;
  }

  async json(name: string): Promise<unknown> {
    this.#onFile(name);
    const path = join(this.#folder, name);
    const { buffer, sha256 } = await readFlat(path, { expectedBytes: null, hash: true });
    const value = parseJson(buffer, path);
    this.#note(
      name,
      "json",
      Array.isArray(value) ? [value.length] : [],
      buffer.byteLength,
      sha256!,
    );
    return value;
  }

  async has(name: string): Promise<boolean> {
    return await access(join(this.#folder, name)).then(
      () => true,
      () => false,
    );
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  #note(
    name: string,
    dtype: FileType,
    shape: readonly number[],
    bytes: number,
    sha256: string,
  ): void {
    this.entries[name] = { dtype, shape, bytes, sha256 };
  }
}

const bytesOf = (dtype: FileType, shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, BYTES_EACH[dtype]);

function parseJson(buffer: SharedArrayBuffer, path: string): unknown {
  try {
    // A TextDecoder refuses shared memory; Buffer reads it in place.
    return JSON.parse(Buffer.from(buffer).toString("utf8"));
  } catch (cause) {
    throw new HarnessError("DATA", "expected JSON", { where: path, cause });
  }
}
