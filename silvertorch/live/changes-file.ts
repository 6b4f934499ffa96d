import { type FileHandle, open, readFile } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import { HarnessError } from "../../src/errors.ts";
import { concatenated } from "../../src/math/concatenated.ts";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import type { Changes } from "./live-items.ts";

/** What comes first in the file: all but the items, and how many of those follow. */
type Head = Omit<Changes, "items"> & { readonly items: number };

/** Some items of one catalogue, by column: an array of numbers an item would take longer than what is in it. */
interface ItemColumns {
  readonly ids: Float64Array;
  /** float32 [items, dim] */
  readonly embeddings: Float32Array;
  /** float32 [items, denseDim] */
  readonly dense: Float32Array;
  readonly attributes: readonly LiveItem["attributes"][];
}

/** Items that are written at a time: a few milliseconds of the thread that writes. */
const PART_ITEMS = 256;
/** Before each part: how many bytes it has. */
const LENGTH_BYTES = 4;

/**
 * Writes changes for another process, in parts, so that the thread goes on answering between them:
 * ten thousand items in one message kept it for most of a second.
 */
export async function writeChanges(file: string, { items, ...rest }: Changes): Promise<void> {
  await using handle = await open(file, "w");
  await writePart(handle, { ...rest, items: items.length } satisfies Head);
  for (let from = 0; from < items.length; from += PART_ITEMS) {
    await writePart(handle, columnsOf(items.slice(from, from + PART_ITEMS)));
  }
}

/** @throws HarnessError DATA if the file is not there, or not whole. */
export async function readChanges(file: string): Promise<Changes> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new HarnessError("DATA", "changes cannot be read", { where: file, cause });
  });
  let at = 0;
  const next = (): unknown => {
    const from = at + LENGTH_BYTES;
    const to = from <= bytes.length ? from + bytes.readUInt32LE(at) : Infinity;
    if (to > bytes.length) {
      throw new HarnessError("DATA", "the changes are cut short", { where: file });
    }
    at = to;
    return deserialize(bytes.subarray(from, to));
  };
  const { items: count, ...rest } = next() as Head;
  const items: LiveItem[] = [];
  while (items.length < count) items.push(...itemsOf(next() as ItemColumns));
  return { ...rest, items };
}

function columnsOf(items: readonly LiveItem[]): ItemColumns {
  return {
    ids: Float64Array.from(items, ({ id }) => id),
    embeddings: concatenated(
      Float32Array,
      items.map(({ embedding }) => embedding),
    ),
    dense: concatenated(
      Float32Array,
      items.map(({ dense }) => dense),
    ),
    attributes: items.map(({ attributes }) => attributes),
  };
}

function itemsOf({ ids, embeddings, dense, attributes }: ItemColumns): LiveItem[] {
  const [dim, denseDim] = [embeddings.length / ids.length, dense.length / ids.length];
  return attributes.map((own, at) => ({
    id: ids[at]!,
    embedding: embeddings.subarray(at * dim, (at + 1) * dim),
    dense: dense.subarray(at * denseDim, (at + 1) * denseDim),
    attributes: own,
  }));
}

async function writePart(handle: FileHandle, part: unknown): Promise<void> {
  const bytes = serialize(part);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length);
  await handle.writev([length, bytes]);
}
