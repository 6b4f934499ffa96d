import { hasBit } from "../../../src/math/bit-words.ts";
import type { HostTensor } from "../../../src/onnx/element-type.ts";
import type { FreshTables } from "../../graph/fresh-ranking.ts";
import type { FreshItems } from "../fresh-items.ts";
import type { EngineQuery, FreshOpen } from "../query.ts";
import type { PackedFresh } from "./stages.ts";

/**
 * Fresh items as the device takes them: what their records are made of, part by part in the order
 * of `recordParts`, and which of them each query may not get.
 */
export function packFresh(
  queries: readonly EngineQuery[],
  fresh: FreshItems,
  { cache, matches, numbers }: FreshTables,
  { readsEmbedding }: { readonly readsEmbedding: boolean },
): PackedFresh {
  const { count } = fresh;
  const tensors = fresh.tensors();
  // Copies: a batch is handed over whole.
  const floats = (name: string): Float32Array<ArrayBuffer> =>
    new Float32Array(tensors[name]!.data as Float32Array);
  const words = (name: string): Uint32Array<ArrayBuffer> => new Uint32Array(floats(name).buffer);
  const embeddings = floats("fresh_items");
  const barred = new Uint32Array(queries.length * count);
  // Queries share what they may get, so each is looked at once.
  const barredBy = new Map<FreshOpen, Uint32Array>();
  for (const [at, { freshOpen }] of queries.entries()) {
    if (freshOpen === undefined) continue;
    const known = barredBy.get(freshOpen) ?? barredFrom(freshOpen);
    barredBy.set(freshOpen, known);
    barred.set(known, at * count);
  }
  const flags = [...matches.values()].map(({ name }) => tensors[name]!);
  return {
    count,
    embeddings,
    barred,
    sources: [
      ...cache.map(({ name }) => words(name)),
      ...(readsEmbedding ? [new Uint32Array(embeddings.slice().buffer)] : []),
      ...flagWords(flags, count),
      ...Array.from(numbers.values(), ({ name }) => words(name)),
    ],
  };
}

/** A word an item, not 0 where it may not be returned. */
const barredFrom = ({ count, words }: FreshOpen): Uint32Array =>
  Uint32Array.from({ length: count }, (_, item) => Number(!hasBit(words, item)));

/** Bits of 32 matches a word, of each item. */
function flagWords(flags: readonly HostTensor[], count: number): Uint32Array<ArrayBuffer>[] {
  return Array.from({ length: Math.ceil(flags.length / 32) }, (_, nth) => {
    const words = new Uint32Array(count);
    for (const [bit, { data }] of flags.slice(32 * nth, 32 * nth + 32).entries()) {
      for (let item = 0; item < count; item++) words[item]! |= Number(data[item]) << bit;
    }
    return words;
  });
}
