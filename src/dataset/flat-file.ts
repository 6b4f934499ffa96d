import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { endianness } from "node:os";
import { HarnessError } from "../errors.ts";

/** Large enough that a read costs less than the page faults it causes. */
const CHUNK_BYTES = 16 * 1024 * 1024;
/** As many as Node has threads for files: page faults, not the disk, are what takes the time. */
const READS_AT_ONCE = 4;

export interface FlatFile {
  /** Shared, so that worker threads get it without a copy. */
  readonly buffer: SharedArrayBuffer;
  /** Lower-case hex; null if it was not asked for. */
  readonly sha256: string | null;
}

/**
 * Reads a whole file into shared memory. While one chunk is hashed on this thread, the next are
 * read on others.
 *
 * @param expectedBytes its length; null: whatever it has.
 * @param onRead told how many bytes more are there.
 * @throws HarnessError DATA if it is missing, unreadable or of another length.
 */
export async function readFlat(
  path: string,
  {
    expectedBytes,
    hash,
    onRead = () => {},
  }: {
    readonly expectedBytes: number | null;
    readonly hash: boolean;
    readonly onRead?: ((bytes: number) => void) | undefined;
  },
): Promise<FlatFile> {
  const file = await openForReading(path);
  try {
    const { size } = await file.stat();
    if (expectedBytes !== null && size !== expectedBytes) {
      const fault = size < expectedBytes ? "cut short" : "too long";
      throw new HarnessError(
        "DATA",
        `the file is ${fault}: expected ${expectedBytes} bytes, got ${size}`,
        {
          where: path,
        },
      );
    }
    const buffer = new SharedArrayBuffer(size);
    const hasher = hash ? createHash("sha256") : null;
    const sha256 = await fill(file, buffer, { hasher, onRead });
    return { buffer, sha256 };
  } finally {
    await file.close();
  }
}

async function fill(
  file: FileHandle,
  target: SharedArrayBuffer,
  {
    hasher,
    onRead,
  }: {
    readonly hasher: ReturnType<typeof createHash> | null;
    readonly onRead: (bytes: number) => void;
  },
): Promise<string | null> {
  const readChunk = async (start: number): Promise<void> => {
    const chunk = chunkOf(target, start);
    for (let at = 0; at < chunk.length;) {
      const { bytesRead } = await file.read(chunk, at, chunk.length - at, start + at);
      if (bytesRead === 0)
        throw new HarnessError("DATA", `the file shrank to ${start + at} bytes while it was read`);
      at += bytesRead;
    }
  };
  const underWay: Promise<void>[] = [];
  let asked = 0;
  for (let done = 0; done < target.byteLength; done += CHUNK_BYTES) {
    for (; asked < target.byteLength && underWay.length < READS_AT_ONCE; asked += CHUNK_BYTES) {
      const read = readChunk(asked);
      // Awaited below, in order; until then a rejection must not count as unhandled.
      read.catch(() => {});
      underWay.push(read);
    }
    await underWay.shift();
    const chunk = chunkOf(target, done);
    hasher?.update(chunk);
    onRead(chunk.length);
  }
  return hasher?.digest("hex") ?? null;
}

/** A view of one chunk: one of all would be too long for Node 20 from 4 GiB on. */
function chunkOf(buffer: ArrayBufferLike, start: number, end = buffer.byteLength): Uint8Array {
  return new Uint8Array(buffer, start, Math.min(CHUNK_BYTES, end - start));
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new HarnessError("DATA", isMissing ? "the file is missing" : "the file cannot be read", {
      where: path,
      cause,
    });
  }
}

/** Writes the bytes of an array as they lie in memory, and says what they hash to. */
export async function writeFlat(
  path: string,
  data: ArrayBufferView,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const { buffer, byteOffset, byteLength } = data;
  const end = byteOffset + byteLength;
  const hash = createHash("sha256");
  const file = await open(path, "wx");
  try {
    for (let start = byteOffset; start < end; start += CHUNK_BYTES) {
      const chunk = chunkOf(buffer, start, end);
      const written = writeAll(file, chunk);
      written.catch(() => {});
      hash.update(chunk);
      await written;
    }
  } finally {
    await file.close();
  }
  return { bytes: byteLength, sha256: hash.digest("hex") };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, at, chunk.length - at);
    at += bytesWritten;
  }
}

/** Flat files are little-endian, and arrays are written as they lie in memory. */
export function assertLittleEndian(): void {
  if (endianness() !== "LE") {
    throw new HarnessError(
      "DATA",
      "datasets are little-endian files, and this machine is big-endian",
    );
  }
}

const TWO_POW_32 = 4294967296;

/** uint64 file contents as numbers; what lies beyond 2^53 loses its last bits and is refused later. */
export function toIds(buffer: ArrayBufferLike): Float64Array {
  const words = new Uint32Array(buffer);
  const ids = new Float64Array(new SharedArrayBuffer(words.length * 4));
  for (let at = 0; at < ids.length; at++)
    ids[at] = words[2 * at]! + words[2 * at + 1]! * TWO_POW_32;
  return ids;
}

/** Ids below 2^53 as uint64 file contents. */
export function fromIds(ids: Float64Array): Uint32Array {
  const words = new Uint32Array(2 * ids.length);
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at]!;
    // What is stored is the whole part, modulo 2^32.
    words[2 * at] = id;
    words[2 * at + 1] = id / TWO_POW_32;
  }
  return words;
}
