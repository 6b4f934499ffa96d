import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import { EMBEDDINGS, type KeptItems } from "./kept-items.ts";
import { WEIGHTS_FILE } from "./manifest.ts";
import { readTensor } from "./read-tensor.ts";

/** Of the artifact's rows so many bytes are in memory at a time. */
const WINDOW_BYTES = 2 * 1024 * 1024;

/**
 * A catalogue of which the first items' embeddings lie in an artifact. Who goes through them once, in
 * order, has a window of them in memory.
 * @param kept of an artifact without clusters, whose items lie by row.
 * @param others float32 [more, dim], of the items behind them.
 */
export function keptCatalogue(
  parts: Omit<Catalogue, "embeddings">,
  kept: KeptItems,
  others: Float32Array,
  windowBytes = WINDOW_BYTES,
): Catalogue {
  const { count, dim } = parts;
  function* embeddingBlocks(): Generator<Float32Array> {
    yield* keptBlocks(kept, dim, windowBytes);
    yield others;
  }
  let all: Float32Array | null = null;
  return {
    ...parts,
    embeddingBlocks,
    get embeddings() {
      return (all ??= joined(embeddingBlocks(), count * dim));
    },
  };
}

function joined(blocks: Iterable<Float32Array>, length: number): Float32Array {
  const all = new Float32Array(length);
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.length;
  }
  return all;
}

/** @throws HarnessError DATA if the file ends before. */
function* keptBlocks(
  { artifact, rows }: KeptItems,
  dim: number,
  windowBytes: number,
): Generator<Float32Array> {
  const tensor = artifact.manifest.tensors.find(({ name }) => name === EMBEDDINGS)!;
  const rowBytes = dim * Float32Array.BYTES_PER_ELEMENT;
  const wide = Math.max(1, Math.floor(windowBytes / rowBytes));
  const window = new Float32Array(Math.min(wide, tensor.dims[0]!) * dim);
  const path = join(artifact.folder, WEIGHTS_FILE);
  const file = openSync(path, "r");
  try {
    for (let at = 0, next = 0; at < rows.length; at = next) {
      const first = rows[at]!;
      while (next < rows.length && rows[next]! < first + wide) next++;
      const read = window.subarray(0, (rows[next - 1]! + 1 - first) * dim);
      const position = tensor.offset + first * rowBytes;
      readTensor(read, { file, path, tensor: EMBEDDINGS, position });
      yield compacted(read, rows.subarray(at, next), dim);
    }
  } finally {
    closeSync(file);
  }
}

/** What is gone lies between them: neighbours that both stay are moved together. */
function compacted(read: Float32Array, rows: Uint32Array, dim: number): Float32Array {
  const first = rows[0]!;
  for (let at = 0, end = 0; at < rows.length; at = end) {
    const row = rows[at]!;
    while (end < rows.length && rows[end]! - row === end - at) end++;
    const start = (row - first) * dim;
    read.copyWithin(at * dim, start, start + (end - at) * dim);
  }
  return read.subarray(0, rows.length * dim);
}
